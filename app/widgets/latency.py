"""Latency of the page Serving: by version or the groups of a column, and its spread over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analytics.evaluate.latency_by import VERSION
from analytics.words import write_half_width, write_value
from app.auth import guarded
from app.charts import groups_chart, latency_chart
from app.widgets.chart_box import draw_chart
from app.widgets.empty_state import draw_empty
from app.widgets.tables import count_column

if TYPE_CHECKING:
    from analytics.core import Result
    from analytics.evaluate.serving import LatencyMap
    from app.widgets.view import View

BY = "by"  # the column by whose groups latency is told, in the URL
DRAWN = "latency_p95"
# the one that is drawn first: a phone shows two columns
NAMES = {DRAWN: "p95", "latency_p50": "p50", "latency_p90": "p90", "latency_p99": "p99"}


def draw_latency(view: View, every: str) -> None:
    """The groups of a column, then how latency was spread in every period."""
    found: LatencyMap | None = view.ask("latency_map", "Reading latencies", every=every)
    if found is None:
        draw_empty("No latency was logged.", "Map a column: --map latency_ms=COLUMN.")
        return
    column = _pick_column(view)
    if column is not None:
        _draw_groups(view.ask(f"latency_by:{column}", f"Comparing by {column}"))
    draw_chart(
        latency_chart(found),
        "latency_spread",
        title="Over time",
        caption="Each column is a period; the stronger its colour, the more of its answered requests.",
    )


def _pick_column(view: View) -> str | None:
    features = view.dataset.schema.features
    names = [VERSION] if len(view.versions) > 1 and view.selection.version is None else []
    names += [c.name for c in features if c.role == "segment"]
    for types in (("categorical", "boolean"), ("numeric",)):
        names += [c.name for c in features if c.type in types and c.name not in names]
    if not names or not view.viewer.may("explore", view.model):
        return VERSION if VERSION in names else None
    chosen = st.query_params.get(BY)
    chosen = chosen if chosen in names else names[0]
    if st.session_state.get("latency_by") != chosen:
        st.session_state.latency_by = chosen
    st.selectbox(
        "By", names, key="latency_by", on_change=_on_by, width=220,
        format_func=lambda name: "Version" if name == VERSION else name,
    )  # fmt: skip
    return chosen


@guarded("explore")
def _on_by() -> None:
    st.query_params[BY] = st.session_state.latency_by


def _draw_groups(found: Sequence[Result]) -> None:
    import pandas as pd

    groups: dict[str, dict[str, Result]] = {}
    for r in found:
        groups.setdefault(str(r.detail["group"]), {})[r.name] = r
    if not groups:
        draw_empty("This column makes no groups.", "Choose another.")
        return
    table, chart = st.columns([3, 2], gap="medium")
    with table:
        st.dataframe(
            pd.DataFrame([_row(name, own) for name, own in groups.items()]),
            hide_index=True,
            key="latency_groups",
            width="stretch",
            column_config={"requests": count_column()},
            alt=f"Latency of {len(groups)} groups",
        )
        st.caption(
            "Order statistics of answered requests, in ms. ± is half of the 95 % interval (ranks of"
            " the binomial); without it too few requests lie beyond the quantile."
        )
    with chart:
        drawn = groups_chart([r for r in found if r.name == DRAWN], "ms")
        draw_chart(drawn, "latency_by_group", caption="95 % of answered requests stay under this.")


def _row(name: str, own: dict[str, Result]) -> dict[str, object]:
    first = next(iter(own.values()))
    row: dict[str, object] = {"group": name}
    for key, title in NAMES.items():
        r = own[key]
        width = write_half_width(r.low, r.high, "ms")
        row[title] = (
            f"{write_value(r.value, 'ms').removesuffix(' ms')} {width}".strip()
            if r.value is not None
            else "not enough data"
        )
    row["max"] = write_value(float(first.detail["largest"]), "ms").removesuffix(" ms")
    return row | {"requests": first.n}
