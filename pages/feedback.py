"""Feedback: what users say of the predictions, who looks after it, and what came of it."""

from __future__ import annotations

import streamlit as st

from app.auth import require
from app.auth.current import read_token, state
from app.feedback.files import Kind, export
from app.state.inbox import Filter
from app.widgets.feedback_numbers import cards_of, draw_digest, draw_trends, read_numbers
from app.widgets.header import draw_header
from app.widgets.inbox import draw_inbox, follow_link, watch_inbox
from app.widgets.lead import draw_lead
from app.widgets.metric_card import draw_cards
from app.widgets.view import open_view, selected_model

view = open_view(require("feedback", selected_model(require("feedback"))), "Feedback")
require("feedback", view.model)
place = draw_header(view)
token = read_token()


def file_of(kind: Kind) -> bytes:
    """The file of a download button; asked at the click, outside of any run: the token says who."""
    viewer = require("export", view.model, token)
    return export(state()[0], viewer, Filter(view.model), kind)


if view.viewer.may("export", view.model):
    with place.popover("Export"):
        for kind, name in (("csv", "CSV"), ("jsonl", "JSON lines")):
            st.download_button(
                name, lambda kind=kind: file_of(kind), on_click="ignore",
                file_name=f"{view.model}-feedback.{kind}", key=f"feedback_{kind}",
                help="Every item of the inbox",
            )  # fmt: skip

found = read_numbers(view)
draw_lead(found.finding)
draw_cards(cards_of(found))
titles = ("Inbox", "Trends", "The week")
tabs = dict(zip(titles, st.tabs(titles, key="below", on_change="rerun"), strict=True))
if tabs["Inbox"].open:
    with tabs["Inbox"]:
        follow_link()
        draw_inbox(view)
        watch_inbox(view)
if tabs["Trends"].open:
    with tabs["Trends"]:
        draw_trends(view, found)
if tabs["The week"].open:
    with tabs["The week"]:
        draw_digest(view)
