"""The viewer of this run: page, fragment or callback by the session cookie, route by its token."""

from __future__ import annotations

from analytics.errors import AccessDenied
from app.auth.viewer import Viewer, load_viewer
from app.settings import Settings, settings_in_force
from app.state.database import Database, open_database
from app.state.sessions import touch_session


def state() -> tuple[Database, Settings]:
    """The state database and the settings of this process."""
    settings = settings_in_force()
    return open_database(settings.database_url, settings.home), settings


def require(right: str | None = None, model: str | None = None, token: str | None = None) -> Viewer:
    """The viewer, who has the right on that model; else AccessDenied.

    Call it in every page, every callback and every fragment: callbacks run before the page's own
    check and fragments run without it. A route passes the ``token`` of its request. Without a
    right it only demands that somebody is signed in.
    """
    viewer = current_viewer(token)
    if viewer is None:
        raise AccessDenied(
            "You are not signed in.",
            "Nobody has signed in in this browser, or the session has ended.",
            "Sign in again; the link you opened is kept.",
        )
    if right is not None:
        viewer.check(right, model)
    return viewer


def current_viewer(token: str | None = None) -> Viewer | None:
    """The viewer, or None when nobody is signed in. Asks the database each time: no stale right."""
    database, settings = state()
    found = load_viewer(database, settings, token if token is not None else read_token())
    if found is None:
        return None
    viewer, session = found
    if token is not None or not _is_automatic():
        touch_session(database, session)
    return viewer


def read_token() -> str | None:
    """The session cookie that came with this browser's connection."""
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    token = st.context.cookies.get(settings_in_force().cookie_name)
    return token if isinstance(token, str) else None


def client_address() -> str:
    """The address of the browser, as far as the connection tells."""
    import streamlit as st

    address = st.context.ip_address
    return address if isinstance(address, str) else "local"


def _is_automatic() -> bool:
    """Whether a fragment runs: one on a timer must not keep an idle session alive."""
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx(suppress_warning=True)
    return bool(context is not None and context.fragment_ids_this_run)
