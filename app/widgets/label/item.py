"""From one prediction to its card: the link that Explore offers, and what the desk does with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import AccessDenied, TelltaleError
from app.cache import desk
from app.labelling.claim import claim_one
from app.labelling.tasks import add_tasks
from app.session import KEYS
from app.widgets.empty_state import link_to
from app.widgets.label.start import arrival_sentence, may_fill, project_of
from app.widgets.problem import problem

if TYPE_CHECKING:
    from analytics.core import Dataset
    from app.auth.viewer import Viewer
    from app.labelling.tasks import Item
    from app.state.labels import Project
    from app.widgets.view import View

ITEM = "item"  # in the URL
QUEUE = "chosen"


def draw_label_link(view: View, prediction_id: str) -> None:
    """A link to the card of a prediction, where this viewer labels the model."""
    if not view.viewer.may("label", view.model) or arrival_sentence(view):
        return
    project = project_of(view.viewer, view.model)
    if project is not None and _is_asked(view.viewer, project):
        link_to("label", "Label this", {KEYS["model"]: view.model, ITEM: prediction_id})


def _is_asked(viewer: Viewer, project: Project) -> bool:
    return not project.setup.people or viewer.user in project.setup.people


def bring_item(view: View, project: Project) -> None:
    """Put the prediction of the link first on the desk; it joins the project where it was not in it."""
    wanted = st.query_params.get(ITEM)
    if not wanted or st.session_state.get("label_item") == wanted:
        return
    st.session_state["label_item"] = wanted
    state, viewer = desk(), view.viewer
    try:
        if claim_one(state.database, viewer, project.id, wanted) or not may_fill(view):
            return
        add_tasks(state.database, viewer, project.id, items_of(view.dataset, wanted))
        claim_one(state.database, viewer, project.id, wanted)
    except AccessDenied:
        raise
    except TelltaleError as error:
        problem(error)


def items_of(dataset: Dataset, prediction_id: str) -> list[Item]:
    """The prediction as a task that somebody chose by hand; none where the log has no such one."""
    from analytics.sampling.candidates import Choice
    from app.labelling.choose import make_items

    choice = Choice((prediction_id,), (None,), (0.0,), ("chosen by hand",))
    return make_items(desk().engine, dataset, choice, QUEUE)
