"""One column: its distribution beside the reference's, its drift over time, the other statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.catalog import meaning_of
from analytics.core import Condition, Result
from analytics.query.cells import segment_text
from analytics.query.histograms import Histogram, LevelShares
from analytics.query.segment import COMMON, is_numeric
from analytics.words import write_count, write_interval, write_list, write_value
from app.charts import Look, column_chart, series_chart
from app.widgets.chart_box import draw_chart
from app.widgets.choices import say_every
from app.widgets.drift_table import CHECKS, is_deciding
from app.widgets.empty_state import draw_empty
from app.widgets.finding_row import chip
from app.widgets.metric_card import reading_of
from app.widgets.problem import plain
from app.widgets.slice_click import (
    Way,
    draw_ranged,
    draw_sliced,
    hear_marks,
    point_way,
    segment_way,
)
from app.widgets.slice_link import column_slices, draw_slice_menu, value_slices
from app.widgets.tables import reading_columns

if TYPE_CHECKING:
    from app.widgets.view import View

SHOWN = 6  # levels named in a line


def draw_column(
    view: View, name: str | None, results: Sequence[Result], series: Sequence[Result], every: str
) -> None:
    """The panel of one column."""
    if name is None:
        draw_empty("No column to show.", "The log has no feature, score or label.")
        return
    mine = [r for r in results if r.column == name]
    deciding = next((r for r in mine if is_deciding(r)), None)
    with st.container(border=True, key="column_panel", gap="xsmall"):
        st.subheader(plain(name), anchor=False)
        if deciding is not None:
            _say(deciding)
        found = view.ask(f"column:{name}", f"Reading {name}")
        if found is None:
            draw_distribution(found, name)
        elif isinstance(found, Histogram) and _has_ranges(view, name):
            draw_ranged(
                view, column_chart(found, name), f"distribution_{name}", name,
                lambda mark: _way_in(view, name, mark), _say_missing(found),
            )  # fmt: skip
        else:
            draw_sliced(
                view, column_chart(found, name), f"distribution_{name}",
                lambda mark: _way_in(view, name, mark), caption=_say_missing(found),
            )  # fmt: skip
        _levels(found, mine)
        if name in {c.name for c in view.dataset.schema.features}:
            draw_slice_menu(
                view, "Open a slice", lambda: column_slices(view, name), f"slices_of_{name}"
            )
        chosen = [r for r in series if r.column == name and deciding and r.name == deciding.name]
        chart = series_chart(chosen, Look("score", 170))
        if chart is not None:
            draw_chart(chart, f"column_time_{name}", title=f"Effect by {say_every(every)}")
            hear_marks(view, f"column_time_{name}", point_way(chosen))
        with st.expander("More statistics", type="compact", key="more_statistics"):
            _statistics(mine)


def _say(result: Result) -> None:
    above = write_value(result.detail.get("above_floor"), "score")
    label = str(result.detail.get("label", result.name))
    st.markdown(
        f"{chip(result.verdict)} {plain(label)} **{write_value(result.value, 'score')}**,"
        f" {above} above what chance shows",
        help=reading_of(result),
    )


def draw_distribution(found: Histogram | LevelShares | None, name: str) -> None:
    """The window in colour, the reference in grey, on the same axes."""
    if found is None:
        draw_empty("Neither side has a value.", "The column is missing in every row.")
        return
    draw_chart(column_chart(found, name), f"distribution_{name}", caption=_say_missing(found))


def _say_missing(found: Histogram | LevelShares) -> str:
    if not found.n_missing:
        return ""
    return f"{write_count(found.n_missing)} of {write_count(found.n)} rows are missing."


def _way_in(view: View, name: str, mark: str) -> Way | None:
    """A level's rows, or the rows of the quarter that a number lies in."""
    if name in {c.name for c in view.dataset.schema.features}:
        return segment_way(value_slices(view, name, mark))
    if name in ("prediction", "label") and view.dataset.schema.task != "regression":
        return segment_way(segment_text([Condition(name, "=", mark)]))
    return None


def _has_ranges(view: View, name: str) -> bool:
    """Whether a segment may hold a range of the column."""
    schema = view.dataset.schema
    return is_numeric(name, schema) and name in {*(c.name for c in schema.features), *COMMON}


def _levels(found: Histogram | LevelShares | None, mine: Sequence[Result]) -> None:
    """Levels that the reference never had, and those that are gone."""
    unseen = next((r for r in mine if r.name == "unseen_rate"), None)
    if unseen is not None and unseen.detail.get("levels"):
        levels = list(dict(unseen.detail["levels"]))
        share = write_value(unseen.value, "rate")
        st.markdown(
            f"{chip(unseen.verdict)} Never seen in the reference: **{plain(write_list(levels, SHOWN))}**"
            f" ({share} of rows)"
        )
    if isinstance(found, LevelShares) and found.reference is not None:
        gone = [
            level
            for level, now, then in zip(found.levels, found.current, found.reference, strict=True)
            if now == 0 and then > 0
        ]
        if gone:
            st.caption(f"Vanished since the reference: {plain(write_list(gone, SHOWN))}.")


def _statistics(mine: Sequence[Result]) -> None:
    import pandas as pd

    rows = [
        {
            "statistic": str(r.detail.get("label", r.name)),
            "value": write_value(r.value, "rate" if r.name in (*CHECKS, "oov_rate") else "score"),
            "95 % interval": write_interval(r.low, r.high, "score") or "–",
            "adjusted p": write_value(r.detail.get("p_adjusted"), "p"),
            "reads as": r.reason or meaning_of(r.name) or "",
        }
        for r in mine
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="statistics",
        column_config=reading_columns({n: n for n in ("95 % interval", "adjusted p")}),
        alt="All statistics",
    )


def draw_together(view: View) -> None:
    """Tests over all columns at once, worked out when somebody opens them."""
    from analytics.catalog import sample_tests

    with st.expander("All columns together", key="together", on_change="rerun") as box:
        if not box.open:
            return
        names = tuple(test.name for test in sample_tests())
        found: list[Result] = view.ask("drift", "Comparing all columns together", names=names)
        if not found:
            draw_empty("There is nothing to compare.", "The log has no numbers or categories.")
            return
        for r in found:
            width = write_interval(r.low, r.high, "score")
            said = f", 95 % from {width}" if width else f": {r.reason}"
            st.markdown(
                f"{chip(r.verdict)} {plain(str(r.detail['label']))}"
                f" **{write_value(r.value, 'score')}**{plain(said)}",
                help=reading_of(r),
            )
        columns: list[dict[str, Any]] = next(
            (r.detail["columns"] for r in found if r.detail.get("columns")), []
        )
        if columns:
            named = write_list([str(c["column"]) for c in columns], SHOWN)
            st.markdown(f"What gives this window away: **{plain(named)}**")
        sampled = max(int(r.detail.get("n_sampled", 0)) for r in found)
        st.caption(
            f"On the same {write_count(sampled)} of {write_count(found[0].n)} rows every time. Rows"
            " that share values of their hour, such as weather, can be told apart by memory alone."
        )
