"""What stands around every page: the sidebar, the check of the page's right, and sign-out."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from analytics.errors import AccessDenied, TelltaleError
from app.auth.current import current_viewer, state
from app.auth.guard import note_refusal
from app.auth.viewer import Viewer
from app.navigation import PageEntry, existing_pages
from app.session import selection_params
from app.state.sessions import revoke_session
from app.state.users import get_user
from app.widgets.bell import draw_bell
from app.widgets.problem import plain, problem
from app.widgets.sign_in import draw_sign_in, post_from_browser
from app.widgets.style import draw_screen_style, draw_style, mark

DESK = ("overview", "label")


def run_page() -> None:
    """Find the page of the URL, sign in where needed, check the right, draw."""
    home = st.Page(_say_nothing, title="Telltale", url_path="home", default=True)
    pages = {
        entry: st.Page(entry.path, title=entry.title, icon=entry.icon, url_path=entry.file)
        for entry in existing_pages()
    }
    chosen = st.navigation([home, *pages.values()], position="hidden")
    draw_style()
    if st.session_state.pop("_leaving", False):
        post_from_browser("/auth/logout")
        return
    viewer = current_viewer()
    if viewer is None:
        draw_sign_in()
        return
    draw_screen_style()
    if chosen == home:
        st.switch_page(_first(viewer, pages), query_params=st.query_params.to_dict())
    entry = next(entry for entry, page in pages.items() if page == chosen)
    _draw_sidebar(viewer, pages, entry)
    _run(viewer, entry, chosen)


def _first(viewer: Viewer, pages: Mapping[PageEntry, StreamlitPage]) -> StreamlitPage:
    """Where the bare address leads: one's account where the menu is empty (no grant or password yet)."""
    menu = (page for entry, page in pages.items() if entry.is_in_menu(viewer))
    account = next(page for entry, page in pages.items() if entry.file == "account")
    return next(menu, account)


def _say_nothing() -> None:
    """The bare address: every viewer is led on to the first page of their own menu."""


def _run(viewer: Viewer, entry: PageEntry, page: StreamlitPage) -> None:
    try:
        if entry.right is not None:
            viewer.check(entry.right, entry.model_of(st.query_params.to_dict()))
        page.run()
    except AccessDenied as error:
        note_refusal(viewer, error)
        st.title("Not for you", anchor=False)
        problem(error)
    except TelltaleError as error:
        problem(error)


def _draw_sidebar(
    viewer: Viewer, pages: Mapping[PageEntry, StreamlitPage], here: PageEntry
) -> None:
    with st.sidebar:
        st.html(mark())
        is_desk = viewer.only_labels and here.file in DESK  # nothing to pick but the next card
        has_pickers = importlib.util.find_spec("app.widgets.pickers") is not None
        if here.has_selection and not is_desk and has_pickers:
            _draw_pickers(viewer)
        with st.container(key="menu"):
            _draw_menu(viewer, pages, here)
        if not viewer.only_labels and viewer.may("view"):
            draw_bell(viewer, here.file)
        account = next(page for entry, page in pages.items() if entry.file == "account")
        with st.container(horizontal=True, vertical_alignment="center", key="me"):
            st.page_link(account, label=plain(viewer.display_name), width="stretch")
            st.button("Sign out", on_click=_sign_out, key="sign_out", type="tertiary")


def _draw_menu(viewer: Viewer, pages: Mapping[PageEntry, StreamlitPage], here: PageEntry) -> None:
    carried = selection_params(st.query_params.to_dict())

    def link(entry: PageEntry) -> None:
        st.page_link(pages[entry], query_params=carried if entry.has_selection else None)

    group = None
    for entry in pages:
        if not entry.is_in_menu(viewer):
            continue
        if entry.group != group and entry.group:
            st.caption(entry.group)
        group = entry.group
        link(entry)
    behind = [entry for entry in pages if entry.is_behind_more(viewer)]
    if behind:
        with st.expander("More", expanded=here in behind, key="more", type="compact"):
            for entry in behind:
                link(entry)


def _draw_pickers(viewer: Viewer) -> None:
    try:
        importlib.import_module("app.widgets.pickers").draw_pickers(viewer)
    except TelltaleError as error:
        problem(error)


def _sign_out() -> None:
    """End the session at once; the browser then drops its cookie."""
    viewer = current_viewer()
    if viewer is not None and viewer.session_id is not None:
        database, _settings = state()
        with database.write(viewer.user) as write:
            revoke_session(write, get_user(write.connection, viewer.user), viewer.session_id)
    st.session_state["_leaving"] = True
