"""Account: who am I, what may I do, my password, my signed-in browsers."""

from __future__ import annotations

import streamlit as st

from app.auth import require
from app.auth.rights import ROLE_TITLES
from app.widgets.empty_state import link_to
from app.widgets.problem import plain
from app.widgets.sessions import draw_all_sessions, draw_grants, draw_password

viewer = require()
st.title("Account", anchor=False)
home = ROLE_TITLES.get(viewer.role, viewer.role)
st.caption(plain(f"{viewer.display_name} · signed in as {viewer.user} · role: {home.lower()}"))

if st.session_state.pop("password_changed", False):
    st.markdown("● **Your password is changed.** Your other browsers are signed out.")
    link_to("overview", "Go on to Overview")
if viewer.must_change_password:
    st.markdown("◆ **Choose your own password first.** Whoever gave you the present one knows it.")
    with st.columns(2)[0]:
        draw_password(viewer)
    st.stop()

st.subheader("What you may do", anchor=False)
draw_grants(viewer)
left, right = st.columns(2, gap="large")
with left:
    st.subheader("Signed-in browsers", anchor=False)
    draw_all_sessions()
with right:
    st.subheader("Password", anchor=False)
    draw_password(viewer)
