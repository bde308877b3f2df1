"""The keys of the list of weak slices: which one is marked, and what is done with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from app.auth import guarded
from app.widgets.slice_builder import conditions_of, look_at
from app.widgets.slice_saved import SAVING, pin_b

if TYPE_CHECKING:
    from analytics.core import Result
    from app.widgets.slice_builder import Shown

AT = "slice_at"  # which slice of the list is marked
TELL = "slice_keys_told"
KEYS = "J next · K back · O open · B compare with the one that is open · S save · H these keys"


def marked_of(n: int) -> int:
    """The place of the marked slice among ``n``."""
    return min(max(int(st.session_state.get(AT, 0)), 0), max(n - 1, 0))


def draw_keys(slices: Sequence[Result], shown: Shown | None) -> None:
    """The keys as buttons: whoever has no keyboard presses them."""
    at = marked_of(len(slices))
    marked = slices[at] if slices else None
    nothing = "" if marked else "No weak slice is in the list."
    unsaved = "" if marked or shown else "Open a slice first."
    with st.container(horizontal=True, gap="xsmall", key="slice_keys"):
        st.button("↑", shortcut="k", key="slice_k", on_click=_move, args=(at - 1,), disabled=at == 0, help="The one above")  # fmt: skip
        st.button("↓", shortcut="j", key="slice_j", on_click=_move, args=(at + 1,), disabled=at + 1 >= len(slices), help="The one below")  # fmt: skip
        st.button("Open", shortcut="o", key="slice_o", on_click=_open, args=(marked,), disabled=bool(nothing), help=nothing or "Look at the marked slice")  # fmt: skip
        st.button("Compare", shortcut="b", key="slice_b", on_click=_pin, args=(marked,), disabled=bool(nothing), help=nothing or "Put the marked slice beside the one that is open")  # fmt: skip
        st.button("Save", shortcut="s", key="slice_s", on_click=_save, args=(marked, shown), disabled=bool(unsaved), help=unsaved or "Name the slice that is open; else the marked one")  # fmt: skip
        st.button("Keys", shortcut="h", key="slice_h", on_click=_tell, type="tertiary")
    if st.session_state.get(TELL):
        st.caption(KEYS)


@guarded("explore")
def _move(at: int) -> None:
    st.session_state[AT] = at


@guarded("explore")
def _open(marked: Result) -> None:
    look_at(conditions_of(marked))


@guarded("explore")
def _pin(marked: Result) -> None:
    pin_b(str(marked.segment))


@guarded("explore")
def _save(marked: Result | None, shown: Shown | None) -> None:
    if shown is None and marked is not None:
        look_at(conditions_of(marked))
    st.session_state[SAVING] = True


@guarded("explore")
def _tell() -> None:
    st.session_state[TELL] = not st.session_state.get(TELL, False)
