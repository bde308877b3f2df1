"""What the page Review opens with: what stands out in the labelling, and where to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.core import Finding
from analytics.findings.review import speak_of_review
from app.auth import guarded
from app.cache import desk
from app.labelling.review import read_round
from app.session import KEYS
from app.widgets.empty_state import step_to
from app.widgets.lead import draw_lead

if TYPE_CHECKING:
    from app.state.labels import Project
    from app.widgets.view import View

NOT_SET_UP = Finding(
    "Nobody is asked to label yet",
    "The form below is filled in from the model: look it over and open it for labelling.",
    "undefined",
    0.0,
)
FIRST = "Review"
STEPS = {"Review": "Settle them", "Set-up": "Choose rows", "Files": "Take the labels away"}


def draw_review_lead(view: View, project: Project | None) -> None:
    """The sentence over the round of labelling, with the tab or the cards where one goes on."""
    if project is None:
        draw_lead(NOT_SET_UP)
        return
    seen = read_round(desk().database, view.viewer, project.id)
    finding = speak_of_review(seen)
    place = draw_lead(finding)
    tab = finding.params.get("tab")
    with place:
        if tab is not None and tab != st.query_params.get("tab", FIRST):
            st.button(STEPS[tab], type="primary", key="step_tab", on_click=_open_tab, args=(tab,))
        elif tab is None and view.viewer.may("label", view.model):
            word = "Label the next" if seen.n_answered else "Label the first"
            step_to("label", word, {KEYS["model"]: view.model})


@guarded("review")
def _open_tab(tab: str) -> None:
    """A link to the same page would leave the tab that is in front where it is."""
    st.session_state["tab"] = tab
