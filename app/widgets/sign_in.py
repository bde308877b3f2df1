"""The sign-in page, and how the browser gets and gives back its cookie."""

from __future__ import annotations

import html

import streamlit as st

from analytics.errors import AccessDenied
from app.auth.current import state
from app.auth.demo import DEMO_USERS, DemoUser
from app.auth.sign_in import sign_in_demo
from app.widgets.problem import problem

_STYLE = """<style>
[data-testid="stSidebar"], [data-testid="stSidebarCollapsedControl"] {display: none}
.st-key-door [data-testid="stForm"] {padding: 1.5rem}
.st-key-door [data-testid="stFormSubmitButton"], .st-key-door [data-testid="stFormSubmitButton"]
 > div, .st-key-door [data-testid="stFormSubmitButton"] button {width: 100%}
</style>"""


def draw_sign_in() -> None:
    """Product name, one sentence, the form, and in a demo its people as cards."""
    st.html(_STYLE)
    _database, settings = state()
    is_demo = settings.flag("demo") and settings.is_loopback
    _left, middle, _right = st.columns([1, 2.2, 1] if is_demo else [1, 1.1, 1])
    with middle.container(key="door", gap="medium"):
        st.title("Telltale", anchor=False)
        st.markdown("Watches your models in production, and says what changed and what to do.")
        if is_demo:
            _draw_demo()
            with st.expander("Sign in with a name and password"):
                _draw_form()
        else:
            _draw_form()


def post_from_browser(path: str, ticket: str = "") -> None:
    """Let the browser post to a route of ours, so that the answer can set or drop the cookie."""
    mark = f'<span data-telltale-post="{html.escape(path)}" data-ticket="{html.escape(ticket)}">'
    st.html(f'{mark}</span><script src="/auth/exchange.js"></script>', unsafe_allow_javascript=True)


def _draw_form() -> None:
    from app.auth.form import SignInForm

    outcome = SignInForm().draw()
    if outcome.refusal is not None:
        problem(outcome.refusal)
    if outcome.ticket is not None:
        post_from_browser("/auth/session", outcome.ticket)


def _draw_demo() -> None:
    st.caption("A demo on sample logs, on this machine only. Look around as:")
    for column, person in zip(st.columns(len(DEMO_USERS)), DEMO_USERS, strict=True):
        with column.container(border=True, height="stretch", vertical_alignment="distribute"):
            _draw_person(person)


def _draw_person(person: DemoUser) -> None:
    st.markdown(f"**{person.display_name}**")
    st.caption(person.does)
    if st.button("Open", key=f"demo_{person.name}", width="stretch", help=f"As {person.name}"):
        database, settings = state()
        try:
            post_from_browser("/auth/session", sign_in_demo(database, settings, person.name))
        except AccessDenied as error:
            problem(error)
