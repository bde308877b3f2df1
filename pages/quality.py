"""Data quality: what is missing, new, out of range or stuck; how much came, and with labels."""

from __future__ import annotations

import streamlit as st

from analytics.findings import speak
from app.auth import require
from app.widgets.behind import draw_labels
from app.widgets.choices import default_every
from app.widgets.export import draw_export
from app.widgets.header import draw_header
from app.widgets.lead import draw_lead, steps_of
from app.widgets.metric_card import draw_cards
from app.widgets.quality_parts import draw_aside, draw_columns, draw_heat, draw_volume, log_cards
from app.widgets.sensitive import draw_sensitive
from app.widgets.view import open_view, selected_model

viewer = require("view", selected_model(require("view")))
view = open_view(viewer, "Data quality")
place = draw_header(view)

whole = view.ask("quality", "Checking every column")
every = "day" if view.has_times else default_every(view)
by_day = view.ask("quality", f"Checking every {every}", every=every)
opening = speak(by_day, whole)
draw_lead(opening, steps_of([opening], "quality"))
draw_export(place, view, whole, "quality")
draw_cards(log_cards(whole, by_day))
draw_heat(view, by_day, every)

columns, volume = st.columns(2, gap="small")
with columns, st.container(border=True, height="stretch"):
    draw_columns(view, whole)
with volume, st.container(border=True, height="stretch"):
    draw_volume(view, by_day, every)
if view.dataset.log("labels").n_rows:
    draw_labels(view, [r for r in by_day if r.name == "volume"])
draw_aside(view)
draw_sensitive(view)
