"""Drift: which columns moved against the reference, by how much, and whether it did harm."""

from __future__ import annotations

import streamlit as st

from analytics.findings import speak_of_drift
from app.auth import require
from app.widgets.choices import default_every, headline_metrics
from app.widgets.column_view import draw_column, draw_together
from app.widgets.drift_table import draw_ranking, ranking
from app.widgets.export import draw_export
from app.widgets.first_steps import draw_no_reference
from app.widgets.header import draw_header
from app.widgets.lead import draw_lead, steps_of
from app.widgets.view import open_view, selected_model

viewer = require("view", selected_model(require("view")))
view = open_view(viewer, "Drift")
place = draw_header(view)
if not view.has_reference:
    draw_no_reference(view, "drift")
    st.stop()

every = default_every(view)
results = view.ask("drift", "Comparing every column with the reference")
held = view.ask("held", "Comparing performance") if headline_metrics(view) else []
opening = speak_of_drift(results, [r for r in held if "class" not in r.detail])
draw_lead(opening, steps_of([opening], "drift"))
draw_export(place, view, results, "drift")

series = view.ask("drift", f"Comparing columns by {every}", every=every)
rows = ranking(results, series)
left, right = st.columns([5, 4], gap="small")
with left:
    st.subheader("Columns, the most moved first", anchor=False)
    chosen = draw_ranking(rows, every)
with right:
    draw_column(view, chosen, results, series, every)
draw_together(view)
