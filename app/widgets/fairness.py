"""Fairness: how the groups of a chosen column fare, and how far apart they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analytics.core import Result
from analytics.evaluate.fairness import LABELS
from analytics.words import write_count, write_list, write_value
from app.auth import guarded
from app.charts import groups_chart
from app.widgets.empty_state import draw_empty
from app.widgets.finding_row import chip
from app.widgets.problem import plain
from app.widgets.slice_click import draft_way, draw_sliced
from app.widgets.slice_link import link_to_slice

if TYPE_CHECKING:
    from app.widgets.view import View

BY = "by"  # the column whose groups are compared, in the URL
RATES = ("selection_rate", "true_positive_rate", "false_positive_rate", "calibration_gap")
ERRORS = ("mean_error", "mae", "within_rate")
MIN_CHART_PX = 260
MEANING = {
    "demographic_parity_difference": "Largest minus smallest share predicted positive.",
    "demographic_parity_ratio": "Smallest over largest share predicted positive; 0.8 is the"
    " four-fifths rule.",
    "equal_opportunity_difference": "Largest minus smallest true positive rate.",
    "equalized_odds_difference": "The larger of the distances in true and in false positive rate.",
    "mean_error_difference": "Largest minus smallest mean of prediction minus label.",
    "mae_difference": "Largest minus smallest mean size of an error.",
    "within_rate_difference": "Largest minus smallest share of rows within tolerance.",
    "calibration_difference": "How much more the scores overstate in one group than in another.",
}


def draw_fairness(view: View) -> None:
    """The distances as cards, the rates of every group as charts."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column = _pick_column(view)
        name = _pick_class(view)
    if column is None:
        draw_empty("No column makes groups.", "Import features, or mark a column as a segment.")
        return
    found: list[Result] = view.ask(f"fairness:{column}", "Comparing groups")
    mine = [r for r in found if name is None or r.detail.get("class") == name]
    _draw_measures([r for r in mine if "group" not in r.detail])
    with st.grid(2, min_column_width=MIN_CHART_PX):
        for rate in (*RATES, *ERRORS):
            groups = [r for r in mine if r.name == rate]
            if groups:
                unit = "label" if groups[0].detail["unit"] == "label" else "rate"
                with st.container(border=True, height="stretch"):
                    draw_sliced(
                        view,
                        groups_chart(groups, unit),
                        f"fair_{rate}",
                        draft_way,
                        title=LABELS[rate],
                    )
    _draw_notes(mine)


def _pick_column(view: View) -> str | None:
    features = view.dataset.schema.features
    names = [c.name for c in features if c.type in ("categorical", "boolean")]
    names += [c.name for c in features if c.type == "numeric"]
    if not names:
        return None
    chosen = st.query_params.get(BY)
    chosen = chosen if chosen in names else names[0]
    if st.session_state.get("fair_by") != chosen:
        st.session_state.fair_by = chosen
    st.selectbox("Groups of", names, key="fair_by", on_change=_on_by, width=220)
    return chosen


@guarded("explore")
def _on_by() -> None:
    st.query_params[BY] = st.session_state.fair_by


def _pick_class(view: View) -> str | None:
    """Of several classes, the one that counts as positive."""
    if view.dataset.schema.task != "multiclass":
        return None
    return str(st.selectbox("Class", view.dataset.schema.classes, key="fair_class", width=160))


def _draw_measures(measures: Sequence[Result]) -> None:
    with st.grid(len(measures) or 1, min_column_width=170):
        for i, r in enumerate(measures):
            with st.container(
                border=True, height="stretch", key=f"card_{i}_{r.name}", gap="xsmall"
            ):
                unit = "label" if r.detail["unit"] == "label" else "score"
                ends = (
                    f"{write_value(r.low, unit)} to {write_value(r.high, unit)}"
                    if r.value is not None
                    else plain(r.reason or "")
                )
                st.markdown(
                    f":gray[{LABELS[r.name]}]",
                    help=f"{MEANING[r.name]} {write_count(r.n)} rows.",
                )
                st.markdown(
                    f"**{write_value(r.value, unit)}**\n\n{chip(r.verdict)} :small[:gray[{ends}]]"
                )


def _draw_notes(found: Sequence[Result]) -> None:
    groups = [r for r in found if r.name in (RATES[0], ERRORS[0])]
    left_out: list[str] = next(
        (r.detail["left_out"] for r in found if r.detail.get("left_out")), []
    )
    thin = (
        f" Left out for want of rows: {write_list([str(n) for n in left_out])}." if left_out else ""
    )
    st.caption(
        plain(
            f"{len(groups)} groups.{_say_tolerance(groups)} 95 % intervals hold for all numbers here at once (Bonferroni,"
            f" Wilson where they are shares), so distances may be read from them.{thin} A distance says that groups"
            " are treated differently, not why, and not whether that is wrong."
        )
    )
    named = [r for r in groups if r.segment]
    with st.container(horizontal=True, gap="small"):
        for r in named[:6]:
            link_to_slice(str(r.segment), f"Open {plain(str(r.detail['group']))}")


def _say_tolerance(groups: Sequence[Result]) -> str:
    found = next((r.detail["within"] for r in groups if "within" in r.detail), None)
    if found is None:
        return ""
    return (
        f" Tolerated: {write_value(found, 'label')}, by which half of the reference's rows miss at most;"
        " a distance between mean errors is large from a tenth of the mean error's size on."
    )
