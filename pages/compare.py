"""Compare: a candidate beside a baseline, and whether to promote it, hold it or roll it back."""

from __future__ import annotations

import streamlit as st

from analytics.findings.release import decide_release
from app.auth import require
from app.widgets.compare import (
    all_results,
    draw_decision,
    draw_guards,
    draw_looks,
    draw_metrics,
    pick_sides,
)
from app.widgets.empty_state import draw_empty
from app.widgets.export import draw_export
from app.widgets.header import draw_header
from app.widgets.tables import results_table
from app.widgets.view import open_view, selected_model

viewer = require("view", selected_model(require("view")))
view = open_view(viewer, "Compare")
place = draw_header(view)
lead = st.container()
asked, other = pick_sides(view)
if other is None and asked["reference"] in (None, "none"):
    draw_empty(
        "There is nothing to compare with.",
        "Compare needs a second version, an imported reference, a window with one before it, or"
        " another model that scored the same rows.",
    )
    st.stop()

found = view.ask("compare", "Comparing both sides", other=other, **asked)
draw_export(place, view, all_results(found), "compare", asked, other)
with lead:
    draw_decision(decide_release(found), found)
draw_metrics(found)

titles = [
    "Guard-rails",
    *(["If you peek"] if found.looks else []),
    "Latency and errors",
    "All results",
]
tabs = dict(zip(titles, st.tabs(titles, key="below", on_change="rerun"), strict=True))
for title, tab in tabs.items():
    with tab:
        if not tab.open:
            continue
        if title == "Guard-rails":
            draw_guards(view, found.guards)
        elif title == "If you peek":
            draw_looks(found)
        elif title == "Latency and errors":
            results_table(found.served, "compare_served")
        else:
            results_table(all_results(found), "all_results")
