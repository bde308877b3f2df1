"""Account: who am I, what may I do, my password, my sessions."""

from __future__ import annotations

import streamlit as st

from app.auth import require

viewer = require()
st.title("Account", anchor=False)
st.markdown(viewer.display_name)
