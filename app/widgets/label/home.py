"""An annotator's home: what is left to label, one button, and how one's own work went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.words import write_count, write_interval, write_value
from app.cache import desk
from app.label_quality import right_share
from app.labelling.people import progress
from app.labelling.projects import list_projects
from app.session import KEYS
from app.widgets.empty_state import draw_empty, link_to, step_to
from app.widgets.problem import plain

if TYPE_CHECKING:
    from app.auth.viewer import Viewer
    from app.labelling.people import Progress
    from app.state.labels import Project


def draw_home(viewer: Viewer) -> None:
    """The projects that wait for the viewer, the one with most left first."""
    with st.container(horizontal=True, key="head"):
        st.title(f"Hello, {plain(viewer.display_name)}", anchor=False)
    database = desk().database
    found = [(p, progress(database, viewer, p.id)) for p in list_projects(database, viewer)]
    if not found:
        draw_empty("Nothing waits for you.", "You are told here when somebody asks for labels.")
        return
    found.sort(key=lambda pair: -pair[1].n_for_me)
    for i, (project, done) in enumerate(found):
        with st.container(border=True, key=f"home_{project.id}", gap="small"):
            _draw_project(project, done, is_first=i == 0)


def _draw_project(project: Project, done: Progress, *, is_first: bool) -> None:
    st.header(plain(project.setup.question), anchor=False)
    st.caption(plain(" · ".join(_facts(project, done))))
    whole = done.n_mine + done.n_for_me
    st.progress(done.n_mine / whole if whole else 1.0)
    gold = right_share(*done.gold)
    if gold.value is not None:
        span = write_interval(gold.low, gold.high, "rate")
        st.markdown(
            plain(
                f"Items with a known answer: {done.gold[0]} of {done.gold[1]} right,"
                f" {write_value(gold.value, 'rate')} ({span})."
            )
        )
    if not done.n_for_me:
        st.markdown("● Nothing is left for you here.")
    elif is_first:
        word = "Continue" if done.n_mine else "Start"
        step_to("label", f"{word} labelling ({write_count(done.n_for_me)} left)",
                {KEYS["model"]: project.model})  # fmt: skip
    else:
        link_to("label", f"{write_count(done.n_for_me)} left", {KEYS["model"]: project.model})


def _facts(project: Project, done: Progress) -> list[str]:
    facts = [project.model, f"{write_count(done.n_mine)} answered", f"{done.n_mine_today} today"]
    if done.deadline is not None:
        facts.append(f"until {done.deadline:%d %B %Y}")
    return facts
