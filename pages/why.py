"""Why: what a metric's change is made of, in parts that sum to it."""

from __future__ import annotations

import streamlit as st

from analytics.findings.reason import NOT_CAUSAL, Story, say_why
from app.auth import require
from app.widgets.empty_state import draw_empty
from app.widgets.export import draw_export
from app.widgets.first_steps import draw_no_reference
from app.widgets.header import draw_header
from app.widgets.lead import draw_lead
from app.widgets.leaning import draw_leaning
from app.widgets.problem import plain
from app.widgets.view import open_view, selected_model
from app.widgets.why import (
    draw_all,
    draw_apart,
    draw_columns,
    draw_parts,
    draw_steps_of,
    pick_column,
    pick_explained,
    say_instead,
)

viewer = require("explore", selected_model(require("view")))
view = open_view(viewer, "Why")
place = draw_header(view)
if not view.has_reference:
    draw_no_reference(view, "why")
    st.stop()

lead = st.container()
with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
    metric = pick_explained(view)
    st.space("stretch")
    splits = st.container(width="content")
if metric is None:
    draw_empty(
        "No metric of this model has parts.", "Shares and means have; log predictions or labels."
    )
    st.stop()
results = view.ask("why", "Splitting the change", names=(metric,))
draw_export(place, view, results, "why", {"names": (metric,)})
with lead, draw_lead(say_why(results)):
    st.caption(plain(" ".join(filter(None, (say_instead(view, metric), NOT_CAUSAL)))))
story = Story(results)
if story.total.value is None:
    st.stop()
with splits:
    column = pick_column(story)

left, right = st.columns([5, 4], gap="small")
with left, st.container(border=True, height="stretch", gap="xsmall"):
    draw_steps_of(view, story, column)
with right, st.container(border=True, height="stretch", gap="xsmall"):
    draw_parts(story)

titles = ("Where errors stand", "Columns", "What it leans on", "All parts")
tabs = dict(zip(titles, st.tabs(titles, key="below", on_change="rerun"), strict=True))
for title, tab in tabs.items():
    with tab:
        if not tab.open:
            continue
        if title == "Where errors stand":
            draw_apart(view, story)
        elif title == "Columns":
            draw_columns(story)
        elif title == "What it leans on":
            draw_leaning(view)
        else:
            draw_all(view, results)
