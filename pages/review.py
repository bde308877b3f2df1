"""Review: settle what people disagree about, see how far to trust them, set labelling up."""

from __future__ import annotations

import streamlit as st

from app.auth import require
from app.cache import desk
from app.labelling.people import list_work
from app.labelling.review import followed, ratings
from app.widgets.header import draw_header
from app.widgets.label.files import draw_files
from app.widgets.label.fill import draw_fill, draw_gold, draw_said
from app.widgets.label.lead import draw_review_lead
from app.widgets.label.person import draw_person
from app.widgets.label.quality import draw_agreement, draw_annotators, draw_followed, draw_suspects
from app.widgets.label.review import draw_review
from app.widgets.label.setup import draw_setup
from app.widgets.label.start import (
    arrival_sentence,
    draw_no_project,
    draw_notes,
    labelled_model,
    latest_project,
)
from app.widgets.plan import draw_plan
from app.widgets.view import open_view

view = open_view(require("review", labelled_model(require("review"))), "Review")
require("review", view.model)
place = draw_header(view)
arrival = arrival_sentence(view)
project = latest_project(view)
if arrival and project is None:
    draw_no_project(view)
    st.stop()
titles = ["Set-up"]
if project is not None:
    titles = ["Review", "Agreement", "Annotators", "Suspects", "Files", "Set-up", "Estimate"]
    with place:
        draw_notes(view, project)
draw_review_lead(view, project)
tabs = dict(
    zip(titles, st.tabs(titles, key="tab", bind="query-params", on_change="rerun"), strict=True)
)
database, viewer = desk().database, view.viewer


def is_open(title: str) -> bool:
    """Whether that tab is the one in front."""
    return title in tabs and bool(tabs[title].open)


if project is not None and is_open("Review"):
    with tabs["Review"]:
        draw_review(view, project)
if project is not None and is_open("Agreement"):
    with tabs["Agreement"]:
        if project.setup.policy == "tenth" and project.setup.kind == "classes":
            draw_followed(*followed(database, viewer, project.id))
        draw_agreement(project, ratings(database, viewer, project.id))
if project is not None and is_open("Annotators"):
    with tabs["Annotators"]:
        work = list_work(database, viewer, project.id)
        draw_annotators(work)
        draw_person(
            database, viewer, project, work, ratings(database, viewer, project.id, with_gold=True)
        )
if project is not None and is_open("Files"):
    with tabs["Files"]:
        draw_files(view, project)
if is_open("Suspects"):
    with tabs["Suspects"]:
        draw_suspects(view.ask("suspects", "Looking for suspect labels"), True)
if is_open("Set-up"):
    with tabs["Set-up"]:
        draw_setup(view, project)
        if project is not None and project.state == "open":
            st.subheader("Queues", anchor=False)
            draw_said()
            draw_fill(view, project)
            draw_gold(view, project)
if is_open("Estimate"):
    with tabs["Estimate"]:
        draw_plan(view)
