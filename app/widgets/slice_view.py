"""One slice beside the rest: its number over time, what sets its rows apart, and the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from analytics.core import Result
from analytics.query.explore import Listing
from analytics.words import SHAPES, unit_of, write_count, write_value
from app.charts import Look, bars_by_name, series_chart
from app.explore import list_rows
from app.widgets.chart_box import draw_chart
from app.widgets.choices import default_every, say_every
from app.widgets.drift_table import is_deciding
from app.widgets.empty_state import draw_empty
from app.widgets.over_time import say_caption
from app.widgets.prediction import ordered
from app.widgets.slice_link import slice_params

if TYPE_CHECKING:
    from app.widgets.slice_builder import Shown
    from app.widgets.view import View

MINE, REST = "this slice", "the rest"
MOST_COLUMNS, ROWS = 12, 25


def ask_slice(view: View, shown: Shown, metric: str) -> Result | None:
    """The metric of the slice, with the rest as its reference."""
    found: list[Result] = view.ask(
        "performance", "Comparing with the rest", names=(metric,), segment=shown.text,
        reference="rest",
    )  # fmt: skip
    whole = [r for r in found if "class" not in r.detail]
    return whole[0] if whole else (found[0] if found else None)


def draw_over(view: View, shown: Shown, metric: str) -> None:
    """Slice, rest and the slice in the reference, on one chart."""
    every = default_every(view)
    both: list[Result] = []
    for name, is_rest in ((MINE, False), (REST, True)):
        found: list[Result] = view.ask(
            "performance", f"Cutting by {every}", names=(metric,), segment=shown.text,
            every=every, is_rest=is_rest,
        )  # fmt: skip
        both += [named(r, name, is_rest=is_rest) for r in found if "class" not in r.detail]
    unit = unit_of(both[0]) if both else None
    chart = series_chart(both, Look(unit, 280, versions=(MINE, REST)))
    said = say_caption(both, every, is_selectable=False)
    grey = " Grey: the slice in the reference." if view.has_reference else ""
    draw_chart(
        chart, f"slice_over_{metric}_{every}", caption=f"By {say_every(every)}. {said}{grey}"
    )


def named(result: Result, name: str, *, is_rest: bool) -> Result:
    """The Result under a line's name; the reference stays that of the slice."""
    drop = ("reference", "band_low", "band_high") if is_rest else ()
    detail = {k: v for k, v in result.detail.items() if k not in drop}
    return replace(result, version=name, detail=detail)


def draw_apart(view: View, shown: Shown) -> None:
    """The columns whose values differ most between the slice and the rest."""
    found: list[Result] = view.ask(
        "drift",
        "Comparing columns with the rest",
        names=("ks", "tvd"),
        segment=shown.text,
        reference="rest",
    )
    own = {c.column for c in shown.conditions}
    others = {c.name for c in view.dataset.schema.features} - own
    deciding = [r for r in found if is_deciding(r) and r.value is not None and r.column in others]
    deciding.sort(key=lambda r: -float(r.detail.get("above_floor") or 0.0))
    if not deciding:
        draw_empty("Nothing to compare.", "The slice or the rest has no rows with other columns.")
        return
    left, right = st.columns([4, 5], gap="small")
    with left:
        draw_chart(
            bars_by_name(
                [str(r.column) for r in deciding[:MOST_COLUMNS]],
                [float(r.value or 0.0) for r in deciding[:MOST_COLUMNS]],
                [_apart(r) for r in deciding[:MOST_COLUMNS]],
            ),
            "slice_apart",
            caption="How far apart the values stand: 0 alike, 1 no overlap (KS or TVD)."
            " The slice's own columns are left out.",
        )
    with right:
        names = [str(r.column) for r in deciding]
        name = st.selectbox("Column", names, key="apart_column", width=260)
        from app.widgets.column_view import draw_distribution

        column = view.ask(f"column:{name}", f"Reading {name}", segment=shown.text, reference="rest")
        draw_distribution(column, str(name))
        st.caption("Colour: this slice. Grey: the rest.")


def _apart(r: Result) -> str:
    above = write_value(r.detail.get("above_floor"), "score")
    return f"{SHAPES[r.verdict]} {r.column}: {write_value(r.value, 'score')}, {above} above chance"


def draw_rows_of(view: View, shown: Shown) -> None:
    """The rows where the model was wrong, the latest first, and the way to all of them."""
    import pandas as pd

    from app.widgets.empty_state import link_to

    order = "timestamp" if view.has_times else "prediction"
    found = list_rows(
        view.viewer, view.model, view.asked(segment=shown.text),
        Listing(order, True, "wrong", 0, ROWS),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"Showing {write_count(len(found.rows))} of {write_count(found.n)} rows on which the"
            " model was wrong"
        )
        link_to("explore", "All rows in Explore", slice_params(shown.text))
    if not found.rows:
        draw_empty("No wrong row.", "Open all rows in Explore, or choose a longer window.")
        return
    st.dataframe(
        pd.DataFrame(found.rows, columns=list(found.columns)), hide_index=True, key="slice_rows",
        column_order=ordered(found), placeholder="–", height=380, alt=f"{len(found.rows)} rows",
    )  # fmt: skip


def rows_shown(results: Sequence[Result]) -> int:
    """Rows behind the numbers of a list of slices: those of the search and of the check."""
    return max(
        (round(int(r.detail["n_all"]) / float(r.detail["share"])) for r in results), default=0
    )
