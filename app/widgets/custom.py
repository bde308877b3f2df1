"""A form for metrics of a model's own, and those there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.core import CustomMetric
from analytics.errors import TelltaleError
from app.auth import guarded, require
from app.cache import desk
from app.custom import forget_metric, keep_metric
from app.widgets.problem import plain, problem

if TYPE_CHECKING:
    from app.widgets.view import View

AGGREGATES = {
    "mean": "Mean",
    "share": "Share of rows for which it holds",
    "sum": "Sum",
    "p50": "Median",
    "p90": "90th percentile",
    "p95": "95th percentile",
    "p99": "99th percentile",
}
BETTER = {"neither": "Neither is better", "higher": "Higher is better", "lower": "Lower is better"}


def draw_custom(view: View) -> None:
    """The expander below the metrics: only for who may change the model's settings."""
    if not view.viewer.may("configure", view.model):
        return
    with st.expander("Metrics of your own", key="own_metrics", on_change="rerun") as box:
        if not box.open:
            return
        for metric in view.dataset.schema.custom:
            with st.container(horizontal=True, vertical_alignment="center"):
                said = f"**{plain(metric.label or metric.name)}**: {metric.aggregate} of"
                st.markdown(f"{said} `{metric.expression.replace('`', '')}`")
                st.button(
                    "Remove",
                    key=f"drop_{metric.name}",
                    type="tertiary",
                    on_click=_drop,
                    args=(view.model, metric.name),
                )
        _draw_form(view)


def _draw_form(view: View) -> None:
    example = "abs(prediction - label) > 15" if view.dataset.schema.task == "regression" else (
        "if(label = '1' and prediction = '0', 5, 0)"
    )  # fmt: skip
    with st.form("own_metric", border=False):
        name = st.text_input("Name", placeholder="late_and_wrong", max_chars=40)
        expression = st.text_input(
            "Expression over a row",
            placeholder=example,
            help="Columns, numbers, texts in single quotes, + - * /, comparisons, and, or, not, if(…),"
            " abs, least, greatest, ln, exp, sqrt, round, coalesce, length.",
        )
        left, right = st.columns(2)
        aggregate = left.selectbox(
            "Put together as", AGGREGATES, format_func=AGGREGATES.__getitem__
        )
        better = right.selectbox("Direction", BETTER, format_func=BETTER.__getitem__)
        if not st.form_submit_button("Try and keep"):
            return
    viewer = require("configure", view.model)
    metric = CustomMetric(name.strip(), expression.strip(), aggregate, better)  # type: ignore[arg-type]
    try:
        keep_metric(desk(), viewer, view.model, metric)
    except TelltaleError as error:
        problem(error)
        return
    st.query_params["metric"] = metric.name
    st.rerun()


@guarded("configure")
def _drop(model: str, name: str) -> None:
    forget_metric(desk(), require("configure", model), model, name)
    if st.query_params.get("metric") == name:
        del st.query_params["metric"]
