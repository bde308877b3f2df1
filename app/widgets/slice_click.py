"""Marks of a chart and rows of a table that open their slice: one click leads to the page Slices.

Where a box can be drawn Streamlit hears boxes and no clicks: a small script hears those.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.auth import guarded
from app.navigation import existing_pages
from app.session import KEYS, format_window, selection_params
from app.widgets.chart_box import draw_chart
from app.widgets.slice_builder import DRAFT
from app.widgets.slice_link import inside_chosen

if TYPE_CHECKING:
    from analytics.core import Result, Window
    from app.charts import Chart
    from app.widgets.view import View

Way = Mapping[str, str]  # what the link to the slice carries beside the page's selection
HINT = "A click opens its slice."
DRAG = "Drag over a range to open its slice."
DIGITS = 2  # of a range's width: the ends of what was drawn by hand

component = st.components.v2.component(
    "telltale_marks", js=Path(__file__).with_suffix(".js").read_text()
)


def segment_way(text: str | None) -> Way | None:
    """The way to the rows of a segment, inside the one that is chosen."""
    return {KEYS["segment"]: inside_chosen(text)} if text else None


def draft_way(text: str | None) -> Way | None:
    """On the page Slices itself: the slice is looked at, and applied second."""
    return {DRAFT: inside_chosen(text)} if text else None


def window_way(window: Window) -> Way:
    """The way to the rows of a period; nothing of its own where periods are cut by rows."""
    if window.start is None or window.end is None:
        return {}
    return {KEYS["window"]: format_window(window.start, window.end)}


def result_way(r: Result) -> Way | None:
    """The way to the rows that a number is about: its period, its version, its segment, its class."""
    from analytics.core import Condition
    from analytics.query.cells import segment_text

    found = dict(window_way(r.window))
    if r.version:
        found[KEYS["version"]] = r.version
    if "class" in r.detail:
        found |= segment_way(segment_text([Condition("label", "=", str(r.detail["class"]))])) or {}
    return found or None


def point_way(results: Sequence[Result]) -> Callable[[str], Way | None]:
    """What leads from a point of a chart over time to its period and version."""
    from app.charts import mark_of

    found = {mark_of(r): r for r in results}
    return lambda mark: result_way(found[mark]) if mark in found else None


def period_way(results: Sequence[Result], start: str) -> Way | None:
    """The way to the period that begins at that time."""
    moment = datetime.fromisoformat(start)
    return next((window_way(r.window) for r in results if r.window.start == moment), None)


def draw_sliced(
    view: View,
    chart: Chart | None,
    key: str,
    way: Callable[[str], Way | None] = segment_way,
    *,
    title: str = "",
    caption: str = "",
) -> None:
    """A chart whose marks open their slice; for who may not explore, the chart alone."""
    options: dict[str, Any] = {}
    if chart is not None and view.viewer.may("explore", view.model):
        _follow(key, way)
        options = {"on_select": partial(_note_mark, key), "selection_mode": "points"}
        caption = f"{caption} {HINT}".strip()
    draw_chart(chart, key, title=title, caption=caption, **options)


def draw_ranged(
    view: View,
    chart: Chart,
    key: str,
    column: str,
    way: Callable[[str], Way | None] | None = None,
    caption: str = "",
) -> None:
    """A histogram of a column: a box opens the slice of its range, a click the one that ``way`` says."""
    if not view.viewer.may("explore", view.model):
        draw_chart(chart, key, caption=caption)
        return
    box = st.session_state.pop(f"_boxed_{key}", None)
    _go(range_way(column, *box) if box else None)
    chart.figure.update_layout(dragmode="select", selectdirection="h")
    caption = " ".join(filter(None, (caption, way and HINT, DRAG)))
    draw_chart(chart, key, caption=caption, on_select=partial(_note_box, key), selection_mode="box")
    if way is not None:
        hear_marks(view, key, way)


def range_way(column: str, low: float, high: float) -> Way | None:
    """The way to the rows whose number lies in a range, its ends as exact as a hand is."""
    from analytics.core import Condition
    from analytics.query.cells import segment_text

    if not low < high:
        return None
    digits = DIGITS - math.floor(math.log10(high - low))
    ends = (round(low, digits), round(high, digits))
    return segment_way(
        segment_text([Condition(column, ">=", ends[0]), Condition(column, "<=", ends[1])])
    )


def hear_marks(view: View, key: str, way: Callable[[str], Way | None]) -> None:
    """A click on a mark of the chart of that key opens its slice; drawn beneath the chart."""
    if not view.viewer.may("explore", view.model):
        return
    _follow(key, way)
    chart = "st-key-" + re.sub(r"[^a-zA-Z0-9_-]", "-", key)
    component(key=f"marks_{key}", data={"chart": chart}, on_mark_change=partial(_note_heard, key))


def row_clicks(view: View, key: str, ways: Sequence[Way | None]) -> dict[str, Any]:
    """What a table is drawn with so that a row opens its slice, in the order of ``ways``."""
    if not any(ways) or not view.viewer.may("explore", view.model):
        return {}
    _follow(key, lambda row: ways[int(row)] if int(row) < len(ways) else None)
    return {"on_select": partial(_note_row, key), "selection_mode": "single-row"}


@guarded("explore")
def _note_mark(key: str) -> None:
    points = st.session_state[key].selection.get("points") or []
    marks = [p["customdata"] for p in points if p.get("customdata") is not None]
    if marks:
        st.session_state[f"_clicked_{key}"] = str(marks[0])


@guarded("explore")
def _note_heard(key: str) -> None:
    mark = (st.session_state.get(f"marks_{key}") or {}).get("mark")
    if mark is not None:
        st.session_state[f"_clicked_{key}"] = str(mark)


@guarded("explore")
def _note_box(key: str) -> None:
    boxes = st.session_state[key].selection.get("box") or []
    if boxes:
        ends = sorted(float(end) for end in boxes[0]["x"])
        st.session_state[f"_boxed_{key}"] = (ends[0], ends[-1])


@guarded("explore")
def _note_row(key: str) -> None:
    rows = st.session_state[key].selection.rows
    if rows:
        st.session_state[f"_clicked_{key}"] = str(rows[0])


def _follow(key: str, way: Callable[[str], Way | None]) -> None:
    """Go where the last click on it leads, once."""
    mark = st.session_state.pop(f"_clicked_{key}", None)
    _go(way(mark) if mark is not None else None)


def _go(found: Way | None) -> None:
    entry = next((page for page in existing_pages() if page.file == "slices"), None)
    if found is None or entry is None:
        return
    if DRAFT in found:
        st.query_params[DRAFT] = found[DRAFT]
        st.rerun()
    page = st.Page(entry.path, title=entry.title, url_path=entry.file)
    st.switch_page(page, query_params=selection_params(st.query_params.to_dict()) | dict(found))
