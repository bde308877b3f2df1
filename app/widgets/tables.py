"""Results as tables: on the screen, and as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.catalog import meaning_of
from analytics.words import (
    SHAPES,
    WORDS,
    unit_of,
    write_change,
    write_count,
    write_interval,
    write_period,
    write_value,
)
from app.spreadsheet import write_table

if TYPE_CHECKING:
    from datetime import datetime

    from analytics.core import Result

MOST_ROWS = 500
READINGS = {
    "95 % interval": "Where the number could lie by chance alone: in 95 of 100 such samples the true"
    " one is inside. For one look at independent rows.",
    "change": "The number minus the reference's.",
    "verdict": "ok, warning or critical against the reference: the change must be larger than is"
    " tolerated with chance taken off, and hold against all questions asked at once.",
    "adjusted p": "How surprising the change would be by chance alone, corrected for everything that"
    " was asked at once. Below 0.05 it counts as evidence, never as an effect.",
    "effect": "How far the column moved: for numbers Kolmogorov-Smirnov D, the largest share of rows by"
    " which the two distributions differ below any one value; for categories the total variation"
    " distance, the share of rows that would have to change level. ± is half of the 95 % interval.",
    "rows": "Rows of the window.",
    "labels": "Rows whose truth is known.",
    "note": "Why there is no verdict, or whether labels are still on their way.",
}
WHERE = ("name", "column", "class", "version", "segment", "part", "start", "end", "first_row",
         "last_row")  # fmt: skip


def results_csv(results: Sequence[Result]) -> str:
    """All Results with everything that belongs to a number; safe to open in a spreadsheet."""
    numbers = ("value", "low", "high", "interval", "reference", "change", "n", "n_labelled")
    return write_table((*WHERE, *numbers, "verdict", "reason"), map(_row, results))


def _row(r: Result) -> list[Any]:
    w, d = r.window, r.detail
    return [
        r.name, r.column, d.get("class"), r.version, r.segment, d.get("part"),
        w.start, w.end, w.first_row, w.last_row,
        r.value, r.low, r.high, r.interval, d.get("reference", d.get("before")), d.get("change"),
        r.n, r.n_labelled, r.verdict, r.reason,
    ]  # fmt: skip


def results_table(
    results: Sequence[Result], key: str, *, first: Sequence[str] = (), **clicks: Any
) -> None:
    """Results with interval, rows, labels and verdict, as a table to sort and search.

    The columns of ``first`` come first: a phone shows two or three.
    """
    import pandas as pd

    columns: dict[str, list[Any]] = {
        "period": [write_period(r.window) for r in results],
        "metric": [_label(r) for r in results],
        "version": [r.version or "all" for r in results],
        "value": [write_value(r.value, unit_of(r)) for r in results],
        "95 % interval": [write_interval(r.low, r.high, unit_of(r)) or "–" for r in results],
        "change": [
            write_change(r.detail.get("change"), unit_of(r), r.value) or "–" for r in results
        ],
        "rows": [r.n for r in results],
        "labels": [r.n_labelled for r in results],
        "verdict": [f"{SHAPES[r.verdict]} {WORDS[r.verdict]}" for r in results],
        "note": [r.reason or r.detail.get("maturity") or "" for r in results],
    }
    columns["reads as"] = [meaning_of(r.name) or "" for r in results]
    dull = [name for name in ("version", "metric", "period") if len(set(columns[name])) == 1]
    dull += [] if any(n is not None for n in columns["labels"]) else ["labels"]
    table = pd.DataFrame({k: columns[k][:MOST_ROWS] for k in (*first, *columns) if k not in dull})
    config = reading_columns({name: name for name in READINGS})
    config |= {name: count_column(READINGS[name]) for name in ("rows", "labels")}
    st.dataframe(
        table,
        hide_index=True,
        key=key,
        width="stretch",
        column_config=config,
        alt=f"{len(table)} results",
        **clicks,
    )
    if len(results) > MOST_ROWS:
        st.caption(f"Showing {MOST_ROWS} of {write_count(len(results))}; the export holds all.")


def _label(result: Result) -> str:
    label = str(result.detail.get("label", result.name))
    pieces = (label, result.detail.get("class"), result.detail.get("part"))
    return ", ".join(str(piece) for piece in pieces if piece is not None)


def reading_columns(names: Mapping[str, str]) -> dict[str, Any]:
    """Column headers that say how their number reads: shown header to the number's name."""
    said = {header: READINGS.get(name) or meaning_of(name) for header, name in names.items()}
    return {h: st.column_config.Column(help=text) for h, text in said.items() if text}


def count_column(reading: str | None = None) -> Any:
    """A column of counts: whole numbers with their thousands apart."""
    return st.column_config.NumberColumn(format="localized", help=reading)


def data_table(columns: Mapping[str, Sequence[Any]], key: str) -> None:
    """The numbers behind a chart."""
    import pandas as pd

    table = pd.DataFrame({k: list(v)[:MOST_ROWS] for k, v in columns.items()})
    st.dataframe(table, hide_index=True, key=key, width="stretch", alt="The numbers of the chart")


def draw_list(rows: Sequence[Mapping[str, Any]], nothing: str) -> None:
    """Rows as a plain table; a line that says what would stand there otherwise."""
    if rows:
        st.dataframe(list(rows), hide_index=True, width="stretch")
    else:
        st.caption(nothing)


def write_minute(moment: datetime | None) -> str:
    """A moment to the minute, in UTC."""
    return "never" if moment is None else moment.strftime("%Y-%m-%d %H:%M")
