"""A chart with its title, its caption, its words for a screen reader, and its numbers beneath."""

from __future__ import annotations

import html
import re
import secrets
from datetime import datetime
from typing import Any

import streamlit as st

from app.auth import guarded, require
from app.charts import CONFIG, Chart, make_room, picked_span
from app.session import KEYS
from app.widgets.comment import draw_comment
from app.widgets.empty_state import draw_empty
from app.widgets.problem import plain
from app.widgets.tables import data_table

NO_PERIOD = "No period of this window has enough rows for a number."
_NOT_CSS = re.compile(r"[^a-zA-Z0-9_-]")


def draw_chart(
    chart: Chart | None, key: str, *, title: str = "", caption: str = "", **clicks: Any
) -> None:
    """The chart; a line that says why there is none otherwise. ``clicks``: what a click does."""
    if title:
        st.subheader(plain(title), anchor=False)
    if chart is None:
        draw_empty("Nothing to draw.", NO_PERIOD)
        return
    st.plotly_chart(make_room(chart.figure), key=key, config=CONFIG, alt=chart.alt, **clicks)
    _below(chart, key, caption)


def draw_zoom_chart(
    chart: Chart | None, key: str, *, caption: str = "", why_not: str = NO_PERIOD
) -> tuple[datetime, datetime] | None:
    """A chart of time in which a box can be drawn; the span that was drawn, if any."""
    if chart is None:
        draw_empty("Nothing to draw.", why_not)
        return None
    event = st.plotly_chart(
        make_room(chart.figure),
        key=key,
        config=CONFIG,
        alt=chart.alt,
        on_select="rerun",
        selection_mode="box",
    )
    _below(chart, key, caption)
    boxes = event.selection.get("box") or []
    return picked_span(boxes[0].get("x")) if boxes else None


def _below(chart: Chart, key: str, caption: str) -> None:
    text = " ".join(filter(None, (caption, chart.caption)))
    if text:
        st.caption(plain(text))
    with st.container(horizontal=True, vertical_alignment="top", gap="small", key=f"below_{key}"):
        if chart.table:
            _draw_numbers(chart, key)
        draw_comment("chart", key)


def _draw_numbers(chart: Chart, key: str) -> None:
    """Opening the box runs only the box: the page around it stands as it is."""
    from app.widgets.view import selected_model

    model = st.query_params.get(KEYS["model"]) or selected_model(require("view"))

    @st.fragment
    @guarded("view", model)
    def draw() -> None:
        with st.expander("Numbers", key=f"numbers_{key}", type="compact", on_change="rerun") as box:
            if box.open:
                data_table(chart.table, f"table_{key}")
                if st.button("Save as PNG", key=f"png_{key}", type="tertiary"):
                    _save_picture(key)

    draw()


def _save_picture(key: str) -> None:
    """Let the browser draw the chart once more, as a picture to keep."""
    css = html.escape(f"st-key-{_NOT_CSS.sub('-', key)}")
    name = html.escape(f"{_NOT_CSS.sub('-', key)}.png")
    mark = f'<span data-telltale-picture="{css}" data-name="{name}" id="{secrets.token_hex(4)}">'
    st.html(
        f'{mark}</span><script src="/charts/picture.js"></script>', unsafe_allow_javascript=True
    )
