"""Saved slices: open, compare, look at earlier versions; and a form that keeps the one that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import TelltaleError
from analytics.findings import say_conditions
from analytics.words import write_moment
from app.auth import guarded, require
from app.cache import desk
from app.settings import settings_in_force
from app.state.slices import (
    MOST_NAME,
    Draft,
    SavedSlice,
    delete_slice,
    list_slices,
    list_versions,
    save_slice,
)
from app.widgets.problem import plain, problem
from app.widgets.slice_builder import look_at

if TYPE_CHECKING:
    from app.widgets.slice_builder import Shown
    from app.widgets.view import View

SIDE_B = "b"  # the slice to compare with, in the URL
SAVING = "save_slice"  # whether the form to save is open


@guarded("explore")
def pin_b(segment: str) -> None:
    """Keep a slice as the other side of the comparison."""
    st.query_params[SIDE_B] = segment


def draw_saved(view: View, shown: Shown | None) -> None:
    """Two popovers: the slices there are, and saving this one."""
    with st.container(horizontal=True, gap="small"):
        found = list_slices(desk().database, view.viewer.user, view.model)
        with st.popover(f"Saved ({len(found)})", key="saved_slices"):
            for saved in found:
                _draw_one(view, saved)
            if not found:
                st.caption("No slice of this model is saved yet.")
        if shown is not None:
            with st.popover("Save", key=SAVING, on_change="rerun"):
                _draw_form(view, shown)


def _draw_one(view: View, saved: SavedSlice) -> None:
    zone = settings_in_force().text("display_zone")
    where = f"{saved.folder} / " if saved.folder else ""
    whose = "" if saved.owner == view.viewer.user else f", {saved.owner}"
    versions = list_versions(desk().database, view.viewer.user, saved)
    st.markdown(
        f"**{plain(where + saved.name)}** :gray[v{saved.version}{plain(whose)}]  \n"
        f"{plain(say_conditions(saved.segment))}",
        help=plain(saved.description) or None,
    )
    with st.container(horizontal=True, gap="xsmall"):
        st.button("Open", key=f"open_saved_{saved.id}", on_click=look_at, args=(saved.conditions,))
        st.button(
            "Compare", key=f"pin_saved_{saved.id}", on_click=pin_b, args=(saved.segment,),
            type="tertiary",
        )  # fmt: skip
        if saved.owner == view.viewer.user or view.viewer.may("admin"):
            st.button(
                "Remove", key=f"drop_slice_{saved.id}", on_click=_drop, type="tertiary",
                args=(view.model, saved.id),
            )  # fmt: skip
    for old in versions[1:4]:
        with st.container(horizontal=True, vertical_alignment="center"):
            said = f"v{old.version}, {write_moment(old.created_at, zone)}: {say_conditions(old.segment)}"
            st.caption(plain(said))
            st.button(
                "Open", key=f"open_old_{old.id}", on_click=look_at, args=(old.conditions,),
                type="tertiary",
            )  # fmt: skip


def _draw_form(view: View, shown: Shown) -> None:
    st.text_input("Name", key="slice_name", max_chars=MOST_NAME, placeholder="Evening flights")
    st.text_input("Folder", key="slice_folder", max_chars=MOST_NAME, placeholder="none")
    st.text_input("Description", key="slice_text", max_chars=500)
    if view.viewer.may("annotate", view.model):
        st.toggle("Share with everybody who may explore this model", key="slice_shared")
    st.caption("A name that you used before gets a new version; the old ones stay.")
    st.button("Keep", key="keep_slice", type="primary", on_click=_keep, args=(view.model, shown))


@guarded("explore")
def _keep(model: str, shown: Shown) -> None:
    viewer = require("explore", model)
    state = st.session_state
    is_shared = bool(state.get("slice_shared"))
    if is_shared:
        viewer.check("annotate", model)
    draft = Draft(
        model, state.slice_name, shown.conditions, state.slice_folder, state.slice_text, is_shared
    )
    try:
        with desk().database.write(viewer.user) as write:
            saved = save_slice(write, draft)
    except TelltaleError as error:
        problem(error)
        return
    state.slice_name, state[SAVING] = "", False
    st.toast(f"Saved as version {saved.version}.")


@guarded("explore")
def _drop(model: str, number: int) -> None:
    viewer = require("explore", model)
    try:
        with desk().database.write(viewer.user) as write:
            delete_slice(write, number, is_admin=viewer.may("admin"))
    except TelltaleError as error:
        problem(error)
