"""Loading, empty and failed: three different texts, each with a next step."""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_hex
from typing import Any

import streamlit as st

from app.auth.viewer import Viewer
from app.cache import FIRST_S
from app.navigation import existing_pages
from app.widgets.problem import plain

_STOPPED = "_stopped"


class Waiting:
    """A line that says what is being worked on, with a button that stops it."""

    def __init__(self, what: str, soon: Callable[[], None] | None = None) -> None:
        """``soon`` draws what is known already, if the rest does not come at once."""
        self.what, self._soon = what, soon
        self._place = st.empty()
        self._line: Any = None
        self._is_said = False

    def tick(self, seconds: float) -> None:
        """Say how long it takes; called again and again while the work is under way."""
        if self._soon is not None:
            self._soon()
            self._soon = None
        if seconds < FIRST_S:
            return
        self._is_said = True
        if self._line is None:
            with self._place.container(horizontal=True, vertical_alignment="center"):
                self._line = st.empty()
                st.button("Stop", key=f"stop_{token_hex(4)}", on_click=_stop, type="tertiary")
        self._line.caption(f"◌ {plain(self.what)}: {seconds:.0f} s so far")

    def tell(self, seconds: float) -> None:
        """Say that an answer is of a while ago, and that the next is being made."""
        self._is_said = True
        self._place.caption(
            f"◌ {plain(self.what)}: what stands here is {seconds:.0f} s old; rows that came since are"
            " being counted."
        )

    def clear(self) -> None:
        """Take the line away, if there is one."""
        if self._is_said:
            self._place.empty()


def _stop() -> None:
    st.session_state[_STOPPED] = True


def was_stopped() -> bool:
    """Whether the viewer has just stopped the work of this page."""
    return bool(st.session_state.pop(_STOPPED, False))


def draw_stopped() -> None:
    """Failed on purpose: nothing was kept, ask again or ask for less."""
    _box("◌ Stopped. Nothing was worked out.", "Choose a shorter window, or ask again.")
    st.button("Ask again", key="ask_again", type="primary")


def draw_empty(what: str, do: str) -> None:
    """Empty: what is not there, and what would bring it."""
    _box(what, do)


def draw_no_model(viewer: Viewer) -> None:
    """No model that the viewer may see."""
    st.title("No model yet", anchor=False)
    if viewer.may("import"):
        _box(
            "Nothing has been imported.",
            "Add a prediction log (Parquet, CSV or JSON lines); its columns are recognised and shown"
            " before anything is kept.",
        )
        step_to("add_data", "Add data")
        st.caption("From a shell: `telltale import FILE --model NAME`")
        return
    _box(
        "There is no model that you may see.",
        "Ask an admin for a grant; a data scientist adds models.",
    )


def draw_needs_model(what: str) -> None:
    """A form that cannot be filled in before there is a model."""
    st.caption(f"{plain(what)} belongs to one model, and there is none yet.")
    link_to("add_data", "Add data first")


def draw_no_data(viewer: Viewer, model: str) -> None:
    """A model without predictions."""
    st.title(plain(model), anchor=False)
    do = "Import its prediction log" if viewer.may("import", model) else "Ask a data scientist to"
    _box(
        "This model's log holds no predictions yet.",
        f"{do}, on the Add data page or with `telltale import PATH --model {model}`.",
    )
    if viewer.may("import", model):
        step_to("add_data", "Add data")


def step_to(file: str, label: str, params: dict[str, str] | None = None) -> None:
    """The one primary next step, as a button; nothing where the page does not exist (yet)."""
    entry = next((page for page in existing_pages() if page.file == file), None)
    if entry is not None and st.button(label, type="primary", key=f"step_{file}"):
        page = st.Page(entry.path, title=entry.title, url_path=entry.file)
        st.switch_page(page, query_params=params)


def link_to(file: str, label: str, params: dict[str, str] | None = None) -> bool:
    """A link to a page of ours; nothing where the page does not exist (yet)."""
    entry = next((page for page in existing_pages() if page.file == file), None)
    if entry is None:
        return False
    page = st.Page(entry.path, title=entry.title, url_path=entry.file)
    st.page_link(page, label=label, query_params=params)
    return True


def _box(what: str, do: str) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(what)}**")
        st.markdown(f":gray[{plain(do)}]")
