"""The head of every page: the model's name, the contract in one line, copy link and export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import streamlit as st

from analytics.words import write_count, write_moment, write_value
from app.settings import settings_in_force
from app.widgets.problem import plain
from app.widgets.saved import draw_views, view_params

if TYPE_CHECKING:
    from analytics.query.groups import Group
    from app.widgets.view import View

MOST_WORD = 20  # letters of the word in front of a note
PAGE_KEYS = (
    "metric", "every", "column", "class", "id", "item", "with", "threshold",
    "draft", "b", "since", "least", "by", "levels", "band",
)  # fmt: skip


def draw_header(view: View) -> Any:
    """Title, buttons and contract line; returns the place where the export button belongs."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="head"):
        st.title(f"{plain(view.model)} :gray[{view.title}]", anchor=False)
        with st.popover("Link"):
            st.caption("The same view for everybody who may see this model.")
            st.code(link_of(view), language=None, wrap_lines=True)
        draw_views(view, view_params(view, PAGE_KEYS))
        place = st.container(width="content")  # st.empty() would close an open menu at each run
    notes = "\n\n".join(f"◆ {plain(note)}" for note in view.dataset.notes)
    st.caption(" · ".join(contract(view)), help=notes or None)
    return place


def link_of(view: View) -> str:
    """The address that shows this view, with everything spelled out."""
    params = view_params(view, PAGE_KEYS)
    address = urlsplit(str(st.context.url or ""))
    return f"{address.scheme}://{address.netloc}{address.path}?{urlencode(params)}"


def contract(view: View) -> list[str]:
    """What stands behind every number of the page, in one line."""
    now = view.facts.now
    pieces = [_sample(view.dataset.notes)] if view.dataset.is_sample else []
    pieces.append(f"as of {write_moment(view.now, settings_in_force().text('display_zone'))}")
    if now is None:
        return [*pieces, "no rows in this window"]
    pieces.append(f"{write_count(now.n)} predictions")
    if view.dataset.log("labels").n_rows:
        settled = "provisional" if view.facts.is_provisional else "settled"
        pieces.append(f"{write_value(now.n_labelled / now.n, 'rate')} labelled, {settled}")
    else:
        pieces.append("no labels")
    if view.selection.segment:
        pieces.append(f"only {plain(view.selection.segment)}")
    pieces.append(_reference(view, view.facts.reference))
    return pieces


def _sample(notes: Sequence[str]) -> str:
    """That the data are a sample, with the word that each note begins with: "Simulated: ..."."""
    kinds = [note.split(":")[0].lower() for note in notes if ":" in note[:MOST_WORD]]
    return plain(f"Sample data, {' and '.join(kinds)} in part" if kinds else "Sample data")


def _reference(view: View, group: Group | None) -> str:
    if group is None:
        return "no reference"
    name = view.selection.reference or "imported"
    text = {"imported": "reference", "previous": "previous period"}.get(name, name)
    span = ""
    if group.first and group.last:
        first, last = f"{group.first:%B}", f"{group.last:%B}"
        span = f", {first} {group.last.year}" if first == last else f", {first} to {last}"
    return f"{plain(text)}: {write_count(group.n)} rows{span}"
