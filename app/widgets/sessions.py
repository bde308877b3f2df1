"""The viewer's own account: grants, password, and signed-in browsers."""

from __future__ import annotations

import streamlit as st

from analytics.errors import TelltaleError
from app.auth import guarded, require
from app.auth.accounts import change_own_password, end_all_sessions, end_session
from app.auth.current import state
from app.auth.rights import RIGHTS, ROLE_TITLES, ROLES
from app.auth.viewer import Viewer
from app.state.grants import EVERY_MODEL
from app.state.sessions import Session, list_sessions
from app.state.users import get_user
from app.widgets.problem import plain, problem

MOST = 4  # of the browsers that are shown unasked
BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))


def draw_grants(viewer: Viewer) -> None:
    """What the viewer may do, by model."""
    if not viewer.grants:
        st.markdown("No grants yet: an admin decides which models you see.")
        return
    for grant in viewer.grants:
        model = "every model" if grant.model == EVERY_MODEL else grant.model
        may = "; ".join(t for name, t in RIGHTS.items() if name in ROLES.get(grant.role, ()))
        with st.container(gap="xxsmall"):
            role = ROLE_TITLES.get(grant.role, grant.role)
            st.markdown(f"**{plain(role)}** on {plain(model)}")
            st.caption(f"May {may}." if may else "This role is no longer known.")


def draw_password(viewer: Viewer) -> None:
    """The form to change one's password."""
    if viewer.is_demo:
        st.caption("Demo users sign in with one click; they have no password.")
        return
    with st.form("password", clear_on_submit=True):
        st.text_input("Present password", type="password", key="old_password")
        st.text_input("New password", type="password", key="new_password")
        st.text_input("New password again", type="password", key="new_password_again")
        st.caption("At least 12 characters; four unrelated words are easy to keep in mind.")
        if st.form_submit_button("Change password", type="primary"):
            _change()


def draw_all_sessions() -> None:
    """The signed-in browsers, kept current, and the way to end them all."""
    _draw_sessions()
    st.button("Sign out everywhere", key="end_all", on_click=_end_all)


@st.fragment(run_every=5)
@guarded()
def _draw_sessions() -> None:
    viewer = require()
    database, settings = state()
    with database.read() as connection:
        user = get_user(connection, viewer.user)
    found = list_sessions(database, user.id, settings.number("session_idle_s"))
    found.sort(key=lambda session: session.id != viewer.session_id)  # this browser first
    shown = found if st.session_state.get("all_browsers") else found[:MOST]
    for session in shown:
        text, action = st.columns([4, 1], vertical_alignment="center")
        with text.container(gap="xxsmall"):
            browser, times = _describe(session)
            is_here = session.id == viewer.session_id
            st.markdown(f"**{browser}**, this browser" if is_here else f"**{browser}**")
            st.caption(times)
        if not is_here:
            action.button("End", key=f"end_{session.id}", on_click=_end, args=(session.id,))
    if len(found) > MOST:
        st.toggle(f"All {len(found)} browsers", key="all_browsers")


def _describe(session: Session) -> tuple[str, str]:
    browser = next((name for mark, name in BROWSERS if mark in session.user_agent), "Browser")
    since = session.created_at.strftime("%-d %b %H:%M")
    seen = session.last_seen_at.strftime("%-d %b %H:%M")
    return f"{browser} at {plain(session.ip)}", f"since {since}, last used {seen} UTC"


@guarded()
def _end(session_id: int) -> None:
    end_session(state()[0], require(), session_id)


@guarded()
def _end_all() -> None:
    end_all_sessions(state()[0], require())
    st.session_state["_leaving"] = True


@guarded()
def _change() -> None:
    chosen = st.session_state
    if chosen.new_password != chosen.new_password_again:
        st.markdown("◆ The two new passwords differ; nothing was changed.")
        return
    database, settings = state()
    try:
        change_own_password(database, settings, require(), chosen.old_password, chosen.new_password)
    except TelltaleError as error:
        problem(error)
        return
    st.session_state["password_changed"] = True
    st.rerun()
