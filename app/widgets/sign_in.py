"""The sign-in page, and how the browser gets and gives back its cookie."""

from __future__ import annotations

import html

import streamlit as st

from analytics.errors import AccessDenied
from app.auth.current import state
from app.auth.demo import DEMO_USERS, DemoUser
from app.auth.sign_in import sign_in_demo
from app.widgets.problem import problem
from app.widgets.style import draw_door_style, mark


def draw_sign_in() -> None:
    """Product name, one sentence, the form, and in a demo its people as cards."""
    _database, settings = state()
    is_demo = settings.flag("demo") and settings.is_loopback
    draw_door_style("58rem" if is_demo else "37rem")
    with st.container(key="door", gap="medium"):
        st.html(
            f'<div class="telltale-door">{mark("h1")}<p>Watches your models in production, '
            "and says what changed, whether it matters, and what to do.</p></div>"
        )
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
    for column, person in zip(st.columns(len(DEMO_USERS)), DEMO_USERS, strict=True):
        key = f"person_{person.name}"
        with column.container(border=True, height="stretch", key=key):
            _draw_person(person)
    st.caption("A demo on sample logs, for this machine only.", text_alignment="center")


def _draw_person(person: DemoUser) -> None:
    with st.container(height="stretch", gap="xsmall"):
        st.markdown(f"**{person.display_name}**")
        st.caption(person.does)
    label = f"Look around as {person.display_name.lower()}"
    if st.button(label, key=f"demo_{person.name}", width="stretch", type="tertiary"):
        database, settings = state()
        try:
            post_from_browser("/auth/session", sign_in_demo(database, settings, person.name))
        except AccessDenied as error:
            problem(error)
