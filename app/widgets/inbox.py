"""The inbox: filters, the list, one item, and a row of keys that does the work without a mouse."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import NameUnknown
from analytics.words import write_count
from app.auth import guarded, require
from app.auth.current import state
from app.state.feedback import OPEN, Item, read_item
from app.state.inbox import (
    Filter,
    count_items,
    list_items,
    newest_of,
    versions_of,
)
from app.widgets.empty_state import draw_empty
from app.widgets.feedback_item import (
    WORDS,
    draw_alike,
    draw_fixed,
    draw_item,
    draw_thread,
    with_link,
)
from app.widgets.inbox_keys import ITEM, OPENED, draw_keys, draw_more, gist, open_item
from app.widgets.problem import plain, problem

if TYPE_CHECKING:
    from app.widgets.view import View

NUMBER = 50
WATCH_S = 3
SEEN = "inbox_seen"
STATUS: dict[str, tuple[str, ...]] = {
    "open": OPEN,
    "resolved": ("resolved", "wont_fix"),
    "set aside": ("duplicate", "spam"),
    "all": (),
}
WHO = ("anybody", "mine", "nobody's")


@st.fragment
@guarded("feedback")
def draw_inbox(view: View) -> None:
    """The whole inbox; a key or a click runs only this part of the page again."""
    require("feedback", view.model)
    which = _draw_filters(view)
    page = st.session_state.get("inbox_page", 1)
    database = state()[0]
    n = count_items(database, which)
    items = list_items(database, which, (page - 1) * NUMBER, NUMBER)
    if not items and page > 1:
        st.session_state.pop("inbox_page")
        st.rerun(scope="fragment")
    opened = _opened(view, items)
    _draw_outcome()
    if opened is None:
        draw_empty(
            "No feedback here.", "Choose other filters, or wait for somebody to say something."
        )
        return
    opened = with_link(view, opened)
    draw_keys(view, items, opened)
    left, right = st.columns([5, 6], gap="small")
    with left:
        _draw_list(view, items, opened, n)
        if n > NUMBER:
            st.pagination(-(-n // NUMBER), key="inbox_page")
    with right, st.container(border=True, key="opened", gap="small"):
        judged = draw_item(view, opened)
        draw_alike(view, judged)
        draw_fixed(view, opened, judged)
        draw_more(view, opened)
        draw_thread(opened)


@st.fragment(run_every=WATCH_S)
@guarded("feedback")
def watch_inbox(view: View) -> None:
    """Draw the page again when something came in; not while somebody writes a note."""
    newest = newest_of(state()[0], view.model)
    seen = st.session_state.setdefault(SEEN, {})
    if seen.setdefault(view.model, newest) != newest and not st.session_state.get("inbox_noting"):
        seen[view.model] = newest
        st.rerun()


def _draw_filters(view: View) -> Filter:
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap="small", key="inbox_filters"
    ):
        status = st.segmented_control(
            "Status", list(STATUS), default="open", required=True, key="inbox_status",
            on_change=_begin_again,
        )  # fmt: skip
        who = st.segmented_control(
            "Whose", WHO, default="anybody", required=True, key="inbox_who",
            on_change=_begin_again,
        )  # fmt: skip
        bad = st.toggle("Negative only", key="inbox_bad", on_change=_begin_again)
        versions = versions_of(state()[0], view.model)
        version = None
        if len(versions) > 1:
            version = st.selectbox(
                "Version", versions, index=None, placeholder="all", width=120, key="inbox_version",
                on_change=_begin_again,
            )  # fmt: skip
    assignee = {"anybody": None, "mine": view.viewer.user, "nobody's": ""}[who or "anybody"]
    return Filter(
        view.model,
        statuses=STATUS[status or "open"],
        assignee=assignee,
        is_negative_only=bad,
        version=version,
    )


def _begin_again() -> None:
    st.session_state.pop("inbox_page", None)
    st.session_state.pop(OPENED, None)


def follow_link() -> None:
    """Open what the link names, when it names another than the last one; in whole runs only.

    A run of the inbox alone may carry the link of a moment ago, and would open that again.
    """
    named = st.query_params.get(ITEM)
    if named and st.session_state.get("inbox_followed") != named:
        st.session_state[OPENED] = st.session_state["inbox_followed"] = named


def _opened(view: View, items: list[Item]) -> Item | None:
    """What is open, where it is of this model; else the first of the list."""
    named = st.session_state.get(OPENED)
    found = next((item for item in items if item.id == named), None)
    if found is not None:
        return found
    if named:
        try:
            item = read_item(state()[0], named)
        except NameUnknown:
            item = None
        if item is not None and item.model == view.model:
            return item
    if not items:
        return None
    open_item(items[0].id)
    return items[0]


def _draw_list(view: View, items: list[Item], opened: Item, n: int) -> None:
    import pandas as pd

    place = next((i for i, item in enumerate(items) if item.id == opened.id), None)
    st.caption(f"{write_count(n)} item{'' if n == 1 else 's'}, the newest first")
    ids = [item.id for item in items]
    key = st.session_state["inbox_list"] = f"inbox_list_{opened.id}_{len(items)}"
    rows = pd.DataFrame(
        {
            "": [_mark(item) for item in items],
            "said": [gist(item) for item in items],
            "status": [WORDS[item.status] for item in items],
            "whose": [item.assignee or "" for item in items],
            "age": [_age(item, view.now) for item in items],
        }
    )
    is_phone = "Mobi" in st.context.headers.get("User-Agent", "")
    has_people = any(item.assignee for item in items)
    if not has_people:
        rows = rows.drop(columns="whose")
    st.dataframe(
        rows,
        hide_index=True,
        key=key,
        on_select=lambda: _pick(key, ids),
        selection_mode="single-row",
        selection_default={"selection": {"rows": [] if place is None else [place]}},
        height=min(36 + 35 * max(1, len(items)), 250 if is_phone else 540),
        column_config={
            "": st.column_config.TextColumn(width=24),
            "said": st.column_config.TextColumn(width=200 if has_people else 260),
            "status": st.column_config.TextColumn(width=70),
            "whose": st.column_config.TextColumn(width=70),
            "age": st.column_config.TextColumn(width=50),
        },
        alt=f"{len(items)} pieces of feedback",
    )


@guarded("feedback")
def _pick(key: str, ids: list[str]) -> None:
    rows = st.session_state[key].selection.rows
    if rows and key == st.session_state.get("inbox_list"):  # not a list that is gone already
        open_item(ids[rows[0]])


def _mark(item: Item) -> str:
    return "◌" if item.is_negative is None else "▲" if item.is_negative else "●"


def _age(item: Item, now: datetime) -> str:
    """How long ago it was said; a replayed log has its own present."""
    moment = now if item.created_at <= now else state()[0].clock()
    seconds = (moment - item.created_at).total_seconds()
    return f"{seconds // 86400:.0f} d" if seconds >= 86400 else f"{seconds // 3600:.0f} h"


def _draw_outcome() -> None:
    error = st.session_state.pop("inbox_problem", None)
    with st.container():
        if error is not None:
            problem(error)
    said = st.session_state.pop("inbox_said", None)
    if said:
        st.toast(plain(said))
