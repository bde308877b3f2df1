"""An item and the world outside: the reply to its reporter, its ticket elsewhere, what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import TelltaleError
from app.auth import guarded, require
from app.auth.current import state
from app.feedback.outward import hand_over, reply
from app.state.feedback import Item
from app.state.hooks import list_deliveries, list_hooks
from app.widgets.problem import plain

if TYPE_CHECKING:
    from app.widgets.view import View

STATES = {"waiting": "◌ on its way", "sent": "● sent", "failed": "▲ not delivered"}


def draw_outward(view: View, item: Item) -> None:
    """Reply and hand-off, where an admin has said where they go."""
    database = state()[0]
    hooks = list_hooks(database, view.model)
    if item.external:
        if item.external.startswith(("https://", "http://")):
            st.link_button("Open its ticket", item.external)
        else:
            st.caption(plain(f"Its ticket: {item.external}"))
    if any(hook.purpose == "reply" for hook in hooks):
        with st.form(f"reply_{item.id}", border=False):
            st.text_area("Reply to the reporter", key=f"reply_text_{item.id}", height=68)
            st.form_submit_button("Send the reply", on_click=_reply, args=(item.id,))
    tickets = {hook.id: f"{hook.name} ({hook.style})" for hook in hooks if hook.purpose == "ticket"}
    if tickets and not item.external:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.selectbox(
                "Hand it over to", list(tickets), format_func=tickets.__getitem__,
                key=f"ticket_{item.id}",
            )  # fmt: skip
            st.button("Hand over", key=f"hand_{item.id}", on_click=_hand_over, args=(item.id,))
    for sent in list_deliveries(database, item.id, 5):
        trouble = f": {sent.error}" if sent.error else ""
        st.caption(plain(f"{STATES[sent.state]}, {sent.attempts} tries{trouble}"))


@guarded("feedback")
def _reply(item_id: str) -> None:
    database, settings = state()
    text = str(st.session_state.get(f"reply_text_{item_id}", ""))
    try:
        reply(database, settings, require("feedback"), item_id, text)
    except TelltaleError as error:
        st.session_state["inbox_problem"] = error
    else:
        st.session_state["inbox_said"] = "The reply is on its way."


@guarded("feedback")
def _hand_over(item_id: str) -> None:
    database, settings = state()
    hook_id = int(st.session_state[f"ticket_{item_id}"])
    try:
        hand_over(database, settings, require("feedback"), item_id, hook_id)
    except TelltaleError as error:
        st.session_state["inbox_problem"] = error
    else:
        st.session_state["inbox_said"] = "It is handed over."
