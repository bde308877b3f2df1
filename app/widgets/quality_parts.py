"""The pieces of the data quality page: cards of the log, the heat strip, columns, volume, rows set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.core import Condition, Result
from analytics.query.cells import segment_text
from analytics.words import (
    SHAPES,
    WORDS,
    unit_of,
    write_count,
    write_list,
    write_period,
    write_value,
)
from app.cache import desk
from app.charts import bars_chart, heat_chart
from app.charts.style import SPLIT
from app.widgets.choices import say_every
from app.widgets.empty_state import draw_empty
from app.widgets.problem import plain
from app.widgets.slice_click import (
    Way,
    draw_sliced,
    period_way,
    row_clicks,
    segment_way,
    window_way,
)
from app.widgets.tables import reading_columns

if TYPE_CHECKING:
    from app.widgets.view import View

LOG = ("freshness", "label_coverage", "duplicate_rate", "volume")
MOST_CARDS = 5
RATES = {
    "missing_rate": "Missing",
    "unseen_rate": "Never seen",
    "out_of_range_rate": "Out of range",
}
ORDER = ("undefined", "ok", "warning", "critical")


def log_cards(
    whole: Sequence[Result], by_day: Sequence[Result]
) -> list[tuple[Result, Sequence[Result], str]]:
    """Cards of the column that shows each fault most, and of what concerns the log as a whole."""
    cards: list[tuple[Result, Sequence[Result], str]] = []
    for name, label in RATES.items():
        found = [r for r in whole if r.name == name and r.value is not None]
        if not found:
            continue
        worst = max(found, key=lambda r: (ORDER.index(r.verdict), r.value or 0.0))
        series = [r for r in by_day if r.name == name and r.column == worst.column]
        title = f"{label}, {worst.column}" if worst.value else label
        cards.append((replace(worst, detail={**worst.detail, "label": title}), series, ""))
    for name in LOG:
        of_log = next((r for r in whole if r.name == name and r.column is None), None)
        if of_log is not None and of_log.value is not None:
            cards.append((of_log, [r for r in by_day if r.name == name], ""))
    return cards[:MOST_CARDS]


def draw_heat(view: View, by_day: Sequence[Result], every: str) -> None:
    """A strip a column and a cell a day, for one kind of fault."""
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(f"By {say_every(every)} and column", anchor=False)
            kind = st.segmented_control(
                "Fault", list(RATES), format_func=lambda n: RATES[str(n)], default="missing_rate",
                key="fault", required=True, label_visibility="collapsed",
            )  # fmt: skip
        kind = str(kind or "missing_rate")
        rates, days = _by_column(by_day, kind)
        quiet = [c for c, values in rates.items() if not any(values)]
        shown = {c: v for c, v in rates.items() if c not in quiet}
        if not shown or not days or not isinstance(days[0], datetime):
            draw_empty(
                f"Nothing is {RATES[kind].lower()}.", "No column shows this fault in this window."
            )
            return
        said = f"Never in {write_list(quiet, 6)}." if quiet else ""
        chart = heat_chart(days, shown, RATES[kind])
        draw_sliced(
            view, chart, f"heat_{kind}", lambda mark: _way_to_fault(by_day, kind, mark),
            caption=f"The stronger the colour, the larger the share of rows. {said}",
        )  # fmt: skip


def _way_to_fault(by_day: Sequence[Result], kind: str, mark: str) -> Way | None:
    """The rows of a column and a day that are missing or never seen; else those of the day."""
    column, start = mark.split(SPLIT)
    found = [r for r in by_day if r.name == kind and r.column == column]
    day = period_way(found, start)
    if day is None:
        return None
    if kind == "missing_rate":
        return {**day, **(segment_way(segment_text([Condition(column, "is null")])) or {})}
    levels = {
        str(level)
        for r in found
        if window_way(r.window) == day
        for level in dict(r.detail.get("levels") or {})
    }
    if kind == "unseen_rate" and levels:
        text = segment_text([Condition(column, "in", tuple(sorted(levels)))])
        return {**day, **(segment_way(text) or {})}
    return day


def _by_column(
    by_day: Sequence[Result], kind: str
) -> tuple[dict[str, list[float | None]], list[Any]]:
    found = [r for r in by_day if r.name == kind and r.column is not None]
    days = sorted({r.window.start for r in found if r.window.start})
    at = {day: i for i, day in enumerate(days)}
    rates: dict[str, list[float | None]] = {}
    for r in found:
        row = rates.setdefault(str(r.column), [None] * len(days))
        if r.window.start in at:
            row[at[r.window.start]] = r.value
    return rates, list(days)


def draw_columns(view: View, whole: Sequence[Result]) -> None:
    """Every column with its faults, the worst first."""
    import pandas as pd

    st.subheader("Columns, the worst first", anchor=False)
    by_column: dict[str, dict[str, Result]] = {}
    for r in whole:
        if r.column is not None:
            by_column.setdefault(r.column, {})[r.name] = r
    ranked = sorted(by_column, key=lambda c: -_worst(by_column[c]))
    names = list(dict.fromkeys(r.name for r in whole if r.column is not None))
    labels = {n: RATES.get(n, n.removesuffix("_rate").replace("_", " ")).lower() for n in names}
    rows = []
    for column in ranked:
        found = by_column[column]
        verdict = max((r.verdict for r in found.values()), key=ORDER.index)
        row = {"column": column, "verdict": f"{SHAPES[verdict]} {WORDS[verdict]}"}
        for name in names:
            row[labels[name]] = (
                write_value(found[name].value, unit_of(found[name])) if name in found else ""
            )
        rows.append(row)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="quality_columns",
        column_config=reading_columns({"verdict": "verdict", **{v: k for k, v in labels.items()}}),
        alt="Faults by column",
        **row_clicks(view, "quality_columns", [_way_to_missing(by_column[c], c) for c in ranked]),
    )


def _way_to_missing(found: dict[str, Result], column: str) -> Way | None:
    """The rows in which the column is missing, where there are any."""
    missing = found.get("missing_rate")
    if missing is None or not missing.value:
        return None
    return segment_way(segment_text([Condition(column, "is null")]))


def _worst(found: dict[str, Result]) -> float:
    return max(
        10.0 * ORDER.index(r.verdict) + float(r.detail.get("above_floor") or 0.0)
        for r in found.values()
    )


def draw_volume(view: View, by_day: Sequence[Result], every: str) -> None:
    """Rows by day; days with an unusual number in the second colour."""
    rows = [r for r in by_day if r.name == "volume"]
    x = [r.window.start or r.window.first_row for r in rows]
    marked = [r.verdict in ("warning", "critical") for r in rows]
    chart = bars_chart(x, [r.n for r in rows], word="predictions", marked=marked, height=300)
    odd = [write_period(r.window) for r, is_odd in zip(rows, marked, strict=True) if is_odd]
    said = f"Unusual: {write_list(odd, 4)}." if odd else "No period is unusual."
    draw_sliced(
        view, chart, "volume", lambda mark: period_way(rows, mark),
        title=f"Predictions by {say_every(every)}", caption=said,
    )  # fmt: skip


def draw_aside(view: View) -> None:
    """Rows that imports set aside, by reason: never dropped silently."""
    from app.state.logs import list_imports

    imports = list_imports(desk().database, view.model)
    aside: dict[str, int] = {}
    for row in imports:
        for reason, n in row.aside.items():
            aside[reason] = aside.get(reason, 0) + n
    taken = sum(row.n_taken for row in imports)
    with st.expander(
        f"Imports: {write_count(taken)} rows taken, {write_count(sum(aside.values()))} set aside"
    ):
        for reason, n in sorted(aside.items(), key=lambda item: -item[1]):
            st.markdown(f"**{write_count(n)}** {plain(reason)}")
        if not aside:
            st.caption("Every row of every import was taken.")
