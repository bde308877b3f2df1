"""Serving: how fast, how often and how well the model answers, on one timeline with its versions."""

from __future__ import annotations

import streamlit as st

from app.auth import require
from app.charts import version_marks
from app.widgets.choices import headline_metrics, pick_every
from app.widgets.export import draw_export
from app.widgets.failures import draw_errors
from app.widgets.header import draw_header
from app.widgets.latency import draw_latency
from app.widgets.lead import draw_lead
from app.widgets.machine import draw_machine, draw_silences
from app.widgets.metric_card import draw_cards
from app.widgets.promise import draw_load, draw_promise
from app.widgets.saved import draw_notes, note_marks
from app.widgets.serving import (
    cards_of,
    draw_by_version,
    draw_timeline,
    speak_of_serving,
)
from app.widgets.tables import results_table
from app.widgets.view import open_view, selected_model

viewer = require("view", selected_model(require("view")))
view = open_view(viewer, "Serving")
place = draw_header(view)
lead, cards = st.container(), st.container()
with st.container(horizontal=True, vertical_alignment="center", key="controls"):
    st.subheader("One timeline", anchor=False)
    st.space("stretch")
    every = pick_every(view)

whole = view.ask("serving", "Reading latency and errors")
series = view.ask("serving", f"Cutting by {every}", every=every)
draw_export(place, view, [*whole, *series], "serving", {"every": every})
with lead:
    draw_lead(speak_of_serving(whole, series))
with cards:
    draw_cards(cards_of(whole, series))
names = headline_metrics(view)[:1]
by_version = len(view.versions) > 1 and view.selection.version is None
metric = (
    view.ask("performance", f"Cutting by {every}", names=names, every=every, by_version=by_version)
    if names and view.has_labels
    else []
)
marks = [*version_marks(view.facts.versions), *note_marks(view)]
draw_timeline(view, series, [r for r in metric if "class" not in r.detail], marks)
draw_notes(view)

titles = [
    "Latency",
    "Promise",
    "Load",
    "Machine",
    "Errors",
    *(["Versions"] if view.versions else []),
    "All results",
]
tabs = dict(zip(titles, st.tabs(titles, key="below", on_change="rerun"), strict=True))
for title, tab in tabs.items():
    with tab:
        if not tab.open:
            continue
        if title == "Latency":
            draw_latency(view, every)
        elif title == "Promise":
            draw_promise(view, whole, every)
        elif title == "Load":
            draw_load(view, whole)
            draw_silences(view)
        elif title == "Machine":
            draw_machine(view)
        elif title == "Errors":
            require("explore", view.model)
            draw_errors(view)
        elif title == "Versions":
            draw_by_version(view.ask("serving", "Cutting by version", by_version=True))
        else:
            results_table([*whole, *series], "all_results", first=("metric", "value"))
