"""Slices: where the model does worse, one slice beside the rest, and what to do about it."""

from __future__ import annotations

import streamlit as st

from analytics.findings import speak_of_slice, speak_of_slices
from app.auth import require
from app.widgets.comment import draw_comment
from app.widgets.empty_state import draw_empty
from app.widgets.export import draw_export
from app.widgets.fairness import draw_fairness
from app.widgets.header import draw_header
from app.widgets.lead import Step, draw_lead
from app.widgets.slice_builder import draw_builder, read_shown
from app.widgets.slice_compare import draw_compared, read_b
from app.widgets.slice_controls import asked_of, pick_least, pick_metric, pick_since
from app.widgets.slice_link import has_own_truth, label_params, slice_params
from app.widgets.slice_saved import draw_saved
from app.widgets.slice_view import ask_slice, draw_apart, draw_over, draw_rows_of, rows_shown
from app.widgets.view import open_view, selected_model
from app.widgets.weak_slices import draw_weak, find_weak, is_large

view = open_view(require("explore", selected_model(require("view"))), "Slices")
require("explore", view.model)
place = draw_header(view)
if view.dataset.schema.task == "none":
    draw_empty(
        "This model logs no prediction, so no slice can do worse.",
        "Name a role for the prediction when the log is imported.",
    )
    st.stop()
shown = read_shown(view.dataset.schema)
lead = st.container()

with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
    metric = pick_metric(view)
    since = pick_since(view)
    least = pick_least()
    if shown is not None:
        st.space("stretch")
        draw_comment("slice", shown.text, view.model)
asked = asked_of(view, metric, since, least)
mine = ask_slice(view, shown, metric) if shown else None
if mine is not None and shown is not None:
    steps = [Step("explore", "Open its rows", slice_params(shown.text))]
    if not has_own_truth(view):
        steps.append(Step("label", "Label 20 of them", label_params(shown.text)))
    with lead:
        draw_lead(speak_of_slice(mine), [] if shown.is_draft else steps)
left, right = st.columns([3, 7], gap="small")
with left, st.container(border=True, height="stretch", gap="small", key="builder"):
    draw_builder(view, shown)
    draw_saved(view, shown)
with right, st.container(border=True, height="stretch", gap="small"):
    st.subheader("Where it does worse", anchor=False)
    found = find_weak(view, asked) if view.has_labels else []
    if found is not None:
        draw_weak(view, found, least, shown)

if mine is None:
    large = [r for r in found or [] if is_large(r, least)]
    with lead:
        draw_lead(speak_of_slices(large, rows_shown(found or [])))
draw_export(place, view, [*([mine] if mine else []), *(found or [])], "slices")

titles = ["Over time", "What sets it apart", "Rows"] if shown else []
titles += ["A and B"] if shown and read_b(view) else []
tabs = dict(
    zip(
        [*titles, "Fairness"],
        st.tabs([*titles, "Fairness"], key="below", on_change="rerun"),
        strict=True,
    )
)
for title, tab in tabs.items():
    with tab:
        if not tab.open:
            continue
        if title == "Fairness":
            draw_fairness(view)
        elif shown is None:
            continue
        elif title == "Over time":
            draw_over(view, shown, metric)
        elif title == "What sets it apart":
            draw_apart(view, shown)
        elif title == "Rows":
            draw_rows_of(view, shown)
        else:
            draw_compared(view, shown, metric)
