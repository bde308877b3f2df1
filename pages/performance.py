"""Performance: how good the model is, since when, and what stands behind the number."""

from __future__ import annotations

import streamlit as st

from analytics.evaluate.changes import changes_of
from analytics.findings import speak, with_level
from app.auth import require
from app.widgets.behind import draw_behind, draw_classes, draw_labels
from app.widgets.choices import headline_metrics, pick_every, pick_metric
from app.widgets.custom import draw_custom
from app.widgets.export import draw_export
from app.widgets.header import draw_header
from app.widgets.lead import draw_lead, steps_of
from app.widgets.metric_card import draw_cards
from app.widgets.over_time import draw_with_estimate
from app.widgets.over_time_more import Besides, ask_running
from app.widgets.slice_click import result_way, row_clicks
from app.widgets.tables import results_table
from app.widgets.threshold import draw_threshold
from app.widgets.view import open_view, selected_model

viewer = require("view", selected_model(require("view")))
view = open_view(viewer, "Performance")
place = draw_header(view)
names = headline_metrics(view)
if not names:
    view.ask("performance")  # says why a log without predictions has no performance
lead, cards = st.container(), st.container()

with st.container(horizontal=True, vertical_alignment="center", key="controls"):
    metric = pick_metric(view)
    st.space("stretch")
    every = pick_every(view)
asked = tuple(dict.fromkeys((*names, metric)))
whole = view.ask("performance", "Comparing predictions with labels", names=asked)
series = view.ask("performance", f"Cutting by {every}", names=asked, every=every)
shown = [r for r in series if r.name == metric]
if len(view.versions) > 1 and view.selection.version is None:
    split = view.ask(
        "performance", f"Cutting by {every}", names=(metric,), every=every, by_version=True
    )
else:
    split = shown
changes = changes_of(shown)  # of numbers that are there: nothing is asked again
with lead:
    opening = with_level(speak(split, whole), changes)
    draw_lead(opening, steps_of([opening], "performance"))
with cards:
    draw_cards([(r, [s for s in series if s.name == r.name], "") for r in whole if r.name in names])

running = ask_running(view, metric, every)
results = [*whole, *series, *(split if split is not shown else []), *changes, *running]
draw_export(place, view, results, "performance", {"every": every})
main = [r for r in split if "class" not in r.detail] or split
finish = draw_with_estimate(view, main, every, metric, Besides(changes=changes, running=running))

is_multiclass = view.dataset.schema.task == "multiclass"
has_threshold = view.dataset.schema.task == "binary" and view.dataset.schema.has("score")
titles = ["Behind the numbers", *(["Classes"] if is_multiclass else [])]
titles += [*(["Threshold"] if has_threshold else []), "All results", "Labels"]
tabs = dict(zip(titles, st.tabs(titles, key="below", on_change="rerun"), strict=True))
for title, tab in tabs.items():
    with tab:
        if not tab.open:
            continue
        if title == "Behind the numbers":
            draw_behind(view)
        elif title == "Classes":
            draw_classes(view)
        elif title == "Threshold":
            draw_threshold(view)
        elif title == "All results":
            ways = [result_way(r) for r in results]
            results_table(results, "all_results", **row_clicks(view, "all_results", ways))
        else:
            draw_labels(view, shown)
draw_custom(view)
finish()
