"""Errors of the page Serving: by kind, and by the frames of their stacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st

from analytics.evaluate.failing import title_of
from analytics.words import write_count, write_list, write_moment
from app.served import seen_row, write_frames, write_share
from app.session import format_selection
from app.settings import settings_in_force
from app.widgets.empty_state import draw_empty, link_to
from app.widgets.problem import plain
from app.widgets.tables import count_column

if TYPE_CHECKING:
    from datetime import datetime

    from analytics.query.serving import Failure
    from analytics.query.stacks import Stack
    from app.widgets.view import View

MOST_STACKS = 12


def draw_errors(view: View) -> None:
    """Failed requests by kind, and where their stacks say that the program stood."""
    _draw_kinds(view, view.ask("errors", "Grouping errors"))
    _draw_stacks(view, view.ask("stacks", "Grouping stacks"))


def _draw_kinds(view: View, found: Sequence[Failure]) -> None:
    """Errors by kind: how many of all, when, since which version, and the newest to open."""
    import pandas as pd

    if not found:
        draw_empty("No request failed in this window.", "")
        return
    column = st.column_config
    table = pd.DataFrame([_row_of(view, failure) for failure in found])
    config = {
        "over time": column.BarChartColumn(
            help="Errors in 24 equal pieces of the time in which there were requests.",
            y_min=0,
        ),
        "share": column.Column(help="Of all requests of the window, with its 95 % interval."),
        "count": count_column(),
        "newest": column.LinkColumn(display_text=r"id=([^&]+)"),
        "one before": column.LinkColumn(display_text=r"id=([^&]+)"),
    }
    st.dataframe(
        table,
        hide_index=True,
        key="failures",
        width="stretch",
        column_config=config,
        alt=f"{len(found)} kinds of errors",
    )
    st.caption(
        f"Of {write_count(found[0].n_all)} requests. Numbers, ids, addresses and quoted texts are"
        " left out of messages: errors of one kind stand together. ± is half of Wilson's 95 %"
        " interval."
    )


def _row_of(view: View, failure: Failure) -> dict[str, object]:
    return {
        "error": failure.kind,
        "share": write_share(failure),
        "message": failure.message,
        "count": failure.n,
        "over time": list(failure.counts),
        **seen_row(failure, settings_in_force().text("display_zone")),
        "newest": _link(view, failure, 0),
        "one before": _link(view, failure, 1),
    }


def _link(view: View, failure: Failure | Stack, place: int) -> str | None:
    if len(failure.examples) <= place or not view.viewer.may("explore", view.model):
        return None
    selection = format_selection(view.selection) | {"id": failure.examples[place]}
    return f"/explore?{urlencode(selection)}"


def _draw_stacks(view: View, found: Sequence[Stack]) -> None:
    if not found:
        return
    st.subheader("Stacks", anchor=False)
    st.caption(
        "Failures whose stacks run through the same files, functions and lines. Messages and values"
        " are left out."
    )
    for i, stack in enumerate(found[:MOST_STACKS]):
        title = f"{title_of(stack)} · {write_count(stack.n)} ({write_share(stack)})"
        with st.expander(plain(title), key=f"stack_{i}"):
            _draw_stack(view, stack)
    if len(found) > MOST_STACKS:
        st.caption(f"Showing {MOST_STACKS} of {len(found)} stacks; the export holds all.")


def _draw_stack(view: View, stack: Stack) -> None:
    st.code("\n".join(write_frames(stack)), language=None, wrap_lines=True)
    since = f" from {stack.first_version} on" if stack.first_version else ""
    seen = f"First seen {_when(stack.first)}{since}, last {_when(stack.last)}."
    versions = f" Versions: {write_list(stack.versions)}." if stack.versions else ""
    st.caption(plain(f"{seen}{versions} The place that failed stands first."))
    if view.viewer.may("explore", view.model):
        params = format_selection(view.selection)
        with st.container(horizontal=True, gap="small"):
            for name in stack.examples:
                link_to("explore", plain(name), params | {"id": name})


def _when(moment: datetime | None) -> str:
    zone = settings_in_force().text("display_zone")
    return write_moment(moment, zone) if moment else "at an unknown time"
