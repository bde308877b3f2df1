"""Admin: users and grants, API keys, webhooks, the audit trail, the settings in force."""

from __future__ import annotations

import streamlit as st

from app.auth import require
from app.widgets.hooks import draw_hooks
from app.widgets.keys import draw_keys
from app.widgets.people import draw_people
from app.widgets.trail import draw_settings, draw_trail

require("admin")
st.title("Admin", anchor=False)
st.caption("Who may do what, who did what, and how this server is set up.")
names = ["Users and grants", "API keys", "Webhooks", "Audit trail", "Settings"]
people, keys, hooks, trail, settings = st.tabs(names)
with people:
    draw_people()
with keys:
    draw_keys()
with hooks:
    draw_hooks()
with trail:
    draw_trail()
with settings:
    draw_settings()
