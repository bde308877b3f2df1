"""The columns of a model ranked by how far they moved: one effect and one verdict each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from analytics.core import Result
from analytics.words import SHAPES, WORDS, write_half_width, write_value
from app.auth import guarded
from app.widgets.choices import say_every
from app.widgets.tables import READINGS

CHECKS = ("missing_rate", "unseen_rate")
ORDER = {"critical": 3, "warning": 2, "ok": 1, "undefined": 0}
ROW_PX, MOST_PX = 32, 560


@dataclass(frozen=True, slots=True)
class Row:
    """One column: its deciding Result, and the same number by period."""

    result: Result
    series: tuple[Result, ...]

    @property
    def name(self) -> str:
        """The column's name."""
        return str(self.result.column)


def is_deciding(result: Result) -> bool:
    """Whether this is the one effect of its column."""
    return bool(result.detail.get("decides")) and result.name not in CHECKS


def ranking(results: Sequence[Result], series: Sequence[Result]) -> list[Row]:
    """Columns by verdict, then by effect above the floor in units of what is tolerated."""
    by_period: dict[tuple[str, str | None], list[Result]] = {}
    for r in series:
        by_period.setdefault((r.name, r.column), []).append(r)
    rows = [Row(r, tuple(by_period.get((r.name, r.column), ()))) for r in results if is_deciding(r)]
    return sorted(rows, key=lambda row: (-ORDER[row.result.verdict], -_size(row.result)))


def _size(result: Result) -> float:
    tolerance = float(result.detail.get("tolerance", (0.1, 0.2))[0]) or 1.0
    return float(result.detail.get("above_floor") or 0.0) / tolerance


def draw_ranking(rows: Sequence[Row], every: str) -> str | None:
    """The table; a click on a row opens the column. Returns the column that is open."""
    import pandas as pd

    names = [row.name for row in rows]
    chosen = st.query_params.get("column")
    chosen = chosen if chosen in names else (names[0] if names else None)
    table = pd.DataFrame(
        {
            "column": names,
            "verdict": [f"{SHAPES[r.result.verdict]} {WORDS[r.result.verdict]}" for r in rows],
            "effect": [_effect(r.result) for r in rows],
            f"by {say_every(every)}": [
                [p.value for p in r.series if p.value is not None] for r in rows
            ],
            "role": [str(r.result.detail.get("role", "")) for r in rows],
        }
    )
    config = {
        f"by {say_every(every)}": st.column_config.LineChartColumn(width="small", y_min=0),
        "column": st.column_config.TextColumn(width="small"),
        "verdict": st.column_config.TextColumn(width="small", help=READINGS["verdict"]),
        "effect": st.column_config.TextColumn(help=READINGS["effect"]),
        "role": st.column_config.TextColumn(width="small"),
    }
    st.dataframe(
        table,
        hide_index=True,
        key="drift_rows",
        column_config=config,
        on_select=_on_row,
        selection_mode="single-row",
        row_height=ROW_PX,
        height=min(MOST_PX, ROW_PX * (len(rows) + 1) + 4),
        alt=f"{len(rows)} columns ranked by drift",
    )
    st.session_state["_drift_names"] = names
    if told := say_bound([row.result for row in rows]):
        st.caption(told)
    return chosen


def say_bound(results: Sequence[Result]) -> str:
    """How far numbers from summaries may be off; empty where all were read from rows."""
    bounds = [float(r.detail["bound"]) for r in results if not r.is_exact and "bound" in r.detail]
    if not bounds:
        return ""
    return (
        f"Effects come from summaries, within ±{write_bound(max(bounds))}; verdicts are those of all"
        " rows, which `telltale drift --exact` reads."
    )


def write_bound(bound: float) -> str:
    """A bound, never written smaller than it is."""
    digits = 10.0 ** (1 - math.floor(math.log10(bound)))
    return f"{math.ceil(bound * digits - 1e-9) / digits:.2g}"


def _effect(result: Result) -> str:
    width = write_half_width(result.low, result.high, "score")
    return f"{write_value(result.value, 'score')} {width}".strip()


@guarded("view")
def _on_row() -> None:
    picked = st.session_state.drift_rows.selection.rows
    names = st.session_state.get("_drift_names", [])
    if picked and picked[0] < len(names):
        st.query_params["column"] = names[picked[0]]
