"""Marks of a chart and rows of a table that open their slice: one click leads to the page Slices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
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
def _note_row(key: str) -> None:
    rows = st.session_state[key].selection.rows
    if rows:
        st.session_state[f"_clicked_{key}"] = str(rows[0])


def _follow(key: str, way: Callable[[str], Way | None]) -> None:
    """Go where the last click on it leads, once."""
    mark = st.session_state.pop(f"_clicked_{key}", None)
    found = way(mark) if mark is not None else None
    entry = next((page for page in existing_pages() if page.file == "slices"), None)
    if found is None or entry is None:
        return
    if DRAFT in found:
        st.query_params[DRAFT] = found[DRAFT]
        st.rerun()
    page = st.Page(entry.path, title=entry.title, url_path=entry.file)
    st.switch_page(page, query_params=selection_params(st.query_params.to_dict()) | dict(found))
