"""Saved views in the head of a page, and notes on its charts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import TelltaleError
from analytics.words import write_moment
from app.auth import guarded, require
from app.cache import desk
from app.charts import Mark
from app.monitors.saying import span_of
from app.session import format_selection
from app.settings import settings_in_force
from app.state.incidents import list_cases
from app.state.notes import MOST, add_note, delete_note, list_notes
from app.state.views import delete_view, list_views, save_view
from app.widgets.empty_state import link_to
from app.widgets.problem import plain, problem

if TYPE_CHECKING:
    from app.widgets.view import View


def page_of(view: View) -> str:
    """The page's file, as its address says it."""
    from app.navigation import PAGES

    return next(entry.file for entry in PAGES if entry.title == view.title)


def draw_views(view: View, params: dict[str, str]) -> None:
    """The popover: views to open, and a form that keeps this one."""
    with st.popover("Views"):
        found = list_views(desk().database, view.viewer.user, view.model)
        for saved in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                whose = "" if saved.owner == view.viewer.user else f" ({saved.owner})"
                link_to(saved.page, f"{saved.name}{whose}", dict(saved.params))
                if saved.owner == view.viewer.user or view.viewer.may("admin"):
                    st.button(
                        "Remove",
                        key=f"drop_view_{saved.key}",
                        type="tertiary",
                        on_click=_drop_view,
                        args=(view.model, saved.key),
                    )
        if not found:
            st.caption("No view of this model is saved yet.")
        st.text_input("Name", key="view_name", placeholder="September, JFK only", max_chars=80)
        if view.viewer.may("annotate", view.model):
            st.toggle("Share with everybody who may see this model", key="view_shared")
        page = page_of(view)
        st.button(
            "Save this view", key="save_view", on_click=_save, args=(view.model, page, params)
        )


@guarded("view")
def _save(model: str, page: str, params: dict[str, str]) -> None:
    viewer = require("view", model)
    is_shared = bool(st.session_state.get("view_shared"))
    if is_shared:
        viewer.check("annotate", model)
    try:
        with desk().database.write(viewer.user) as write:
            save_view(write, st.session_state.view_name, page, params, is_shared=is_shared)
    except TelltaleError as error:
        problem(error)
        return
    st.session_state.view_name = ""
    st.toast("The view is saved.")


@guarded("view")
def _drop_view(model: str, key: str) -> None:
    viewer = require("view", model)
    with desk().database.write(viewer.user) as write:
        delete_view(write, key, is_admin=viewer.may("admin"))


def view_params(view: View, keys: tuple[str, ...]) -> dict[str, str]:
    """What the address of this view carries."""
    params = format_selection(view.selection) | {"w": view.selection.window}
    return params | {k: st.query_params[k] for k in keys if st.query_params.get(k)}


def note_marks(view: View) -> list[Mark]:
    """The model's notes, and where its incidents began (▲ and number), as marks on charts of time."""
    database = desk().database
    marks = [Mark(note.at, note.text) for note in list_notes(database, view.model)]
    for case in list_cases(database, [view.model]):
        start = span_of(case.found).start
        if start is not None and not case.is_quiet:
            marks.append(Mark(start, f"▲{case.id}", "incident"))
    return marks


def say_marks(marks: Sequence[Mark]) -> str:
    """What the triangles over a chart are, where it has any."""
    return " ▲ and its number: an incident." if any(m.kind == "incident" for m in marks) else ""


def draw_notes(view: View) -> None:
    """The notes there are, and a form for another; below a chart of time."""
    if not view.has_times:
        return
    with st.expander("Notes", key="notes", on_change="rerun", type="compact") as box:
        if not box.open:
            return
        zone = settings_in_force().text("display_zone")
        for note in list_notes(desk().database, view.model):
            with st.container(horizontal=True, vertical_alignment="center"):
                said = f"**{plain(note.text)}** :gray[{write_moment(note.at, zone)}, {plain(note.author)}]"
                st.markdown(said)
                if note.author == view.viewer.user or view.viewer.may("admin"):
                    st.button(
                        "Remove",
                        key=f"drop_note_{note.id}",
                        type="tertiary",
                        on_click=_drop_note,
                        args=(view.model, note.id),
                    )
        if view.viewer.may("annotate", view.model):
            _draw_form(view)
        else:
            st.caption("You may read notes, not write them.")


def _draw_form(view: View) -> None:
    now = view.facts.now
    last = now.last if now and now.last else view.now
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.date_input("Day (UTC)", value=last.date(), key="note_day", width=150)
        st.time_input("Time", value=time(0, 0), key="note_time", width=110)
        st.text_input(
            "Note", key="note_text", max_chars=MOST, placeholder="Retrained on summer data"
        )
        st.button("Add", key="add_note", on_click=_add_note, args=(view.model,))


@guarded("annotate")
def _add_note(model: str) -> None:
    viewer = require("annotate", model)
    day, hour = st.session_state.note_day, st.session_state.note_time
    at = datetime.combine(day, hour, UTC).replace(tzinfo=None)
    try:
        with desk().database.write(viewer.user) as write:
            add_note(write, model, at, st.session_state.note_text)
    except TelltaleError as error:
        problem(error)
        return
    st.session_state.note_text = ""


@guarded("annotate")
def _drop_note(model: str, number: int) -> None:
    viewer = require("annotate", model)
    with desk().database.write(viewer.user) as write:
        delete_note(write, number, is_admin=viewer.may("admin"))
