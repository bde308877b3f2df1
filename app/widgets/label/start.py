"""Where labelling begins: which model and project, which queue, and what stands in the way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import streamlit as st

from analytics.words import write_moment
from app.auth import guarded
from app.cache import desk, shelf
from app.labelling.people import count_slice, key_map, progress
from app.labelling.projects import leave_note, list_notes, list_projects
from app.questions import clock
from app.session import KEYS
from app.settings import settings_in_force
from app.widgets.empty_state import draw_empty, step_to
from app.widgets.label.desk import LabelDesk
from app.widgets.label.form import QUEUES, form_of
from app.widgets.problem import plain
from app.widgets.view import selected_model

if TYPE_CHECKING:
    from app.auth.viewer import Viewer
    from app.labelling.arrival import Arrival
    from app.state.labels import Project
    from app.widgets.view import View

QUEUE, MODE = "q", "mode"  # in the URL
ALL = "next"
_PHONE = re.compile(r"Mobi|Android|iPhone|iPad")
NOTES = 3


def labelled_model(viewer: Viewer) -> str | None:
    """The model of the URL, else one that waits for this viewer's labels; the URL then names it."""
    if not st.query_params.get(KEYS["model"]):
        projects = list_projects(desk().database, viewer)
        if projects:
            st.query_params[KEYS["model"]] = projects[-1].model
            st.rerun()
    return selected_model(viewer)


def project_of(viewer: Viewer, model: str) -> Project | None:
    """The latest open project of a model in which the viewer labels or which they look after."""
    found = list_projects(desk().database, viewer, model)
    return found[0] if found else None


def latest_project(view: View) -> Project | None:
    """The latest project of the model, a closed one where none is open."""
    found = list_projects(desk().database, view.viewer, view.model, with_closed=True)
    return next((p for p in found if p.state == "open"), found[0] if found else None)


def open_desk(view: View, project: Project) -> LabelDesk:
    """The desk with the queue of the URL and the viewer's own keys."""
    queue = st.query_params.get(QUEUE)
    form = form_of(project, key_map(desk().database, view.viewer))
    return LabelDesk(view.viewer, project, view.dataset, form, queue if queue in QUEUES else None)


def is_fast() -> bool:
    """Whether the fast desk is drawn: on a desktop unless the URL says otherwise."""
    chosen = st.query_params.get(MODE)
    if chosen in ("fast", "native"):
        return chosen == "fast"
    return not _PHONE.search(str(st.context.headers.get("User-Agent") or ""))


def may_fill(view: View) -> bool:
    """Whether the viewer may fill queues of the model."""
    return view.viewer.may("review", view.model) or view.viewer.may("configure", view.model)


def is_queue_empty(view: View, project: Project) -> bool:
    """Whether the queue of the link, or the whole project, has nothing left to label."""
    found = progress(desk().database, view.viewer, project.id)
    queue = st.query_params.get(QUEUE)
    if queue == "skipped":
        return False
    if queue == "slice" and view.selection.segment:
        segment = view.selection.segment
        return not count_slice(desk().database, view.viewer, project.id, segment)
    return not (found.by_queue.get(queue, 0) if queue else found.n_open)


def draw_choices(view: View, project: Project) -> None:
    """The queues with items in them, and how fast the desk is; both in the URL."""
    found = progress(desk().database, view.viewer, project.id)
    counts = {**found.by_queue, "skipped": found.n_skipped}
    now = st.query_params.get(QUEUE)
    shown = [ALL, *(q for q in QUEUES if counts.get(q) or q == now)]
    with st.container(horizontal=True, vertical_alignment="center", key="label_choices"):
        _set("label_queue", now if now in shown else ALL)
        st.segmented_control(
            "Queue", shown, key="label_queue", required=True, on_change=_on_queue,
            format_func=lambda q: "All queues" if q == ALL else f"{QUEUES[q]} {counts.get(q, 0)}",
            label_visibility="collapsed",
        )  # fmt: skip
        _set("label_is_fast", is_fast())
        st.toggle("Fast mode", key="label_is_fast", on_change=_on_mode,
                  help="Cards are fetched ahead; answers wait in the browser until stored.")  # fmt: skip


def _set(key: str, value: object) -> None:
    if st.session_state.get(key) != value:
        st.session_state[key] = value


@guarded("label")
def _on_queue() -> None:
    chosen = st.session_state.label_queue
    if chosen == ALL:
        st.query_params.pop(QUEUE, None)
    else:
        st.query_params[QUEUE] = chosen
    for key in ("label_said", "label_told"):
        st.session_state.pop(key, None)


@guarded("label")
def _on_mode() -> None:
    st.query_params[MODE] = "fast" if st.session_state.label_is_fast else "native"


def draw_notes(view: View, project: Project) -> None:
    """What the last ones left to say, and a place to say it to the next."""
    notes = list_notes(desk().database, view.viewer, project.id)
    zone = settings_in_force().text("display_zone")

    @guarded("label", view.model)
    def leave() -> None:
        text = st.session_state.get("label_note") or ""
        if text.strip():
            leave_note(desk().database, view.viewer, project.id, text)
            st.session_state["label_note"] = ""

    with st.popover("Hand over" if not notes else f"Hand over ({len(notes)})"):
        for note in notes[:NOTES]:
            when = write_moment(note["created_at"], zone)  # type: ignore[arg-type]
            st.markdown(plain(str(note["body"])))
            st.caption(plain(f"{note['author']}, {when}"))
        st.text_area("For whoever goes on", key="label_note", on_change="ignore", max_chars=2000)
        st.button("Leave note", key="label_leave", on_click=leave)


def draw_no_project(view: View) -> None:
    """Why nothing can be labelled here: the truth comes by itself, or nobody set it up yet."""
    arrival = arrival_sentence(view)
    if arrival:
        draw_empty("These labels arrive by themselves: nobody needs to label.", arrival)
        return
    if may_fill(view):
        draw_empty("Labelling is not set up for this model yet.",
                   "Two minutes on the tab Set-up: question, classes, people.")  # fmt: skip
        step_to("review", "Set up labelling", {KEYS["model"]: view.model, "tab": "Set-up"})
        return
    draw_empty("Nothing is to be labelled for this model.",
               "A data scientist sets labelling up; choose another model meanwhile.")  # fmt: skip


def arrival_sentence(view: View) -> str:
    """When the truth comes, for models where it comes by itself; empty where people must say it."""
    from app.labelling.arrival import arrival

    dataset, state = view.dataset, desk()
    key = ("arrival", dataset.model, dataset.fingerprint)
    now = clock(dataset, state.now())
    found: Arrival = shelf().get(
        key, lambda cancel: arrival(state.engine.under(cancel), dataset, now)
    )
    return found.sentence if found.is_automatic else ""
