"""What people do about an incident, and its story. Every callback asks for the right again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from analytics.errors import TelltaleError
from analytics.words import write_moment
from app.auth import guarded, require
from app.auth.current import state
from app.monitors import verbs
from app.settings import settings_in_force
from app.state.incidents import Case
from app.state.joins import joined_to
from app.state.monitors import list_events
from app.widgets.incident_list import draw_opener_of
from app.widgets.problem import plain, problem

PUT_OFF = {"4 hours": 4, "1 day": 24, "3 days": 72, "1 week": 168}
SAYS = {"raised": "was raised", "again": "came again", "resolved": "was over", "comment": "said",
        "joined": "became part of", "took in": "took in"}  # fmt: skip


def draw_care(case: Case, *, may: bool) -> None:
    """The buttons in one row, for those who look after incidents; else who does."""
    error = st.session_state.pop("care_problem", None)
    if error is not None:
        problem(error)
    if not may:
        st.caption("Product owners and data scientists look after incidents; you may read them.")
        return
    number, status = case.id, case.status(state()[0].clock())
    with st.container(horizontal=True, gap="small", key="care"):
        if status == "open":
            st.button(
                "Acknowledge", type="primary", key="care_ack", on_click=_acknowledge, args=(number,)
            )
        with st.popover("Comment"):
            st.text_area("Comment", key="care_text", height=90, label_visibility="collapsed")
            st.button("Say it", key="care_say", on_click=_comment, args=(number,))
        with st.popover("Assign"):
            st.text_input("User", value=case.assigned_to or "", key="care_who")
            st.button("Give it", key="care_give", on_click=_assign, args=(number,))
        if status in ("open", "taken", "put off"):
            with st.popover("Put off"):
                st.selectbox("For", list(PUT_OFF), key="care_span")
                st.button("Put it off", key="care_snooze", on_click=_snooze, args=(number,))
            with st.popover("Close"):
                st.text_input("What came of it", key="care_came", placeholder="retrained on summer")
                st.button("Close it", key="care_close", on_click=_close, args=(number,))
        elif status == "closed":
            st.button("Open again", key="care_reopen", on_click=_reopen, args=(number,))


def draw_story(case: Case) -> None:
    """What happened, the first step first; then the stories of what was joined to it."""
    st.subheader("Story", anchor=False)
    _draw_events(case.id)
    if case.joined_to is not None:
        draw_opener_of(case.model, case.joined_to)
    for number in joined_to(state()[0], case.id):
        st.caption(f"Incident {number}, which is part of this one")
        _draw_events(number)
        draw_opener_of(case.model, number)


def _draw_events(number: int) -> None:
    zone = settings_in_force().text("display_zone")
    for event in list_events(state()[0], number):
        said = SAYS.get(event.what, event.what)
        mark = " " if event.what in ("joined", "took in") else ": "
        text = f"{mark}{event.text}" if event.text else ""
        who = "" if event.actor == "worker" else f"{event.actor} "
        said = "was closed" if event.what == "closed" and not who else said
        st.markdown(f":gray[{write_moment(event.at, zone)}] {plain(f'{who}{said}{text}')}")


def _do(right_of: int, does: Callable[..., Any], *values: Any) -> None:
    database = state()[0]
    try:
        does(database, require("respond"), right_of, *values)
    except TelltaleError as error:
        st.session_state["care_problem"] = error


@guarded("respond")
def _acknowledge(number: int) -> None:
    _do(number, verbs.acknowledge)


@guarded("respond")
def _comment(number: int) -> None:
    _do(number, verbs.comment, str(st.session_state.get("care_text") or ""))
    st.session_state["care_text"] = ""


@guarded("respond")
def _assign(number: int) -> None:
    _do(number, verbs.assign, str(st.session_state.get("care_who") or ""))


@guarded("respond")
def _snooze(number: int) -> None:
    _do(number, verbs.snooze, PUT_OFF[str(st.session_state.get("care_span"))])


@guarded("respond")
def _close(number: int) -> None:
    _do(number, verbs.close, str(st.session_state.get("care_came") or ""))
    st.session_state["care_came"] = ""


@guarded("respond")
def _reopen(number: int) -> None:
    _do(number, verbs.reopen)
