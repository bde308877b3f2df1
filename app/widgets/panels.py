"""Panels that stand alone: each a fragment with its own rights, and its own problem when it fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from app.auth import guarded
from app.widgets.empty_state import draw_stopped, was_stopped
from app.widgets.problem import problem

if TYPE_CHECKING:
    from app.widgets.view import View

Draw = Callable[["View"], None]


def draw_panel(view: View, title: str, draw: Draw, *, right: str = "view") -> None:
    """A bordered panel of a page; what goes wrong inside stays inside."""
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.subheader(title, anchor=False)
        _panel(view, draw, right)


@st.fragment
def _panel(view: View, draw: Draw, right: str) -> None:
    @guarded(right, view.model)
    def checked() -> None:
        if was_stopped():
            draw_stopped()
            return
        try:
            draw(view)
        except Exception as error:
            problem(error)

    checked()


def draw_panels(view: View, panels: tuple[tuple[str, Draw], ...]) -> None:
    """Two panels a row; one a row on a phone."""
    for i in range(0, len(panels), 2):
        for place, (title, draw) in zip(
            st.columns(2, gap="small"), panels[i : i + 2], strict=False
        ):
            with place:
                draw_panel(view, title, draw)
