"""Monitors: which questions are asked again and again, how they stand; one to make, with its rehearsal."""

from __future__ import annotations

import streamlit as st

from app.auth import require
from app.auth.current import state
from app.monitors.editing import monitors_of
from app.monitors.policies import write_policy
from app.widgets.empty_state import draw_empty
from app.widgets.header import draw_header
from app.widgets.monitors import draw_editor, draw_standing, draw_table
from app.widgets.view import open_view, selected_model

view = open_view(require("view", selected_model(require("view"))), "Monitors")
place = draw_header(view)
monitors = monitors_of(state()[0], view.model)
if not monitors:
    draw_empty(
        "Nobody watches this model yet.",
        "The worker gives every model its default monitors within a minute of its first import.",
    )
    st.stop()
with place.popover("Export"):
    st.download_button(
        "TOML", write_policy(monitors), f"{view.model}-monitors.toml", key="policy_toml",
        help="The same file for telltale check, tests and this page", on_click="ignore",
    )  # fmt: skip
draw_standing(view)
draw_table(view)
if view.viewer.may("configure", view.model):
    with st.container(border=True, key="monitor_editor", gap="small"):
        draw_editor(view)
else:
    st.caption("Data scientists change monitors; you may read them.")
