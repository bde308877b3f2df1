"""Behaviour: what people do with the predictions, and whether they tell right from wrong ones."""

from __future__ import annotations

import streamlit as st

from analytics.findings import speak_of_people
from app.auth import require
from app.widgets.behaviour import PANELS, cards_of, draw_worth, say_events
from app.widgets.choices import default_every
from app.widgets.empty_state import draw_empty
from app.widgets.export import draw_export
from app.widgets.header import draw_header
from app.widgets.lead import draw_lead
from app.widgets.metric_card import draw_cards
from app.widgets.panels import draw_panel, draw_panels
from app.widgets.tables import results_table
from app.widgets.view import open_view, selected_model

viewer = require("view", selected_model(require("view")))
view = open_view(viewer, "Behaviour")
place = draw_header(view)
if not view.dataset.log("events").n_rows:
    draw_empty(
        "Nobody has told what people do with this model's predictions.",
        "Send events to /api/v1/events or import them:"
        f" `telltale import FILE --model {view.model} --kind events`. docs/log-format.md says which.",
    )
    st.stop()

seen = view.ask("behaviour:seen", "Reading events")
st.caption(say_events(seen))
whole = view.ask("behaviour", "Counting what people do")
every = default_every(view)
series = view.ask("behaviour", f"Cutting by {every}", every=every) if view.has_times else []
draw_export(place, view, [*whole, *series], "behaviour", {"every": every})
draw_lead(speak_of_people(whole))
draw_cards(cards_of(whole, series))

draw_panels(view, PANELS)
draw_panel(view, "What a decision is worth", draw_worth)

if st.toggle("All numbers", key="all_numbers"):
    results_table([*whole, *series], "all_results")
