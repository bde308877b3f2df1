"""What the page Slices lets people choose: the metric, a version to be new since, the least rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from analytics.catalog import headline_names, offered
from analytics.query.losses import row_losses
from app.auth import guarded
from app.questions import Asked
from app.widgets.choices import default_every

if TYPE_CHECKING:
    from app.widgets.view import View

METRIC, SINCE, LEAST = "metric", "since", "least"  # in the URL
DEFAULT_LEAST = 100
NOBODY = "nothing"


def pick_metric(view: View) -> str:
    """The metric of the URL, else the main one that is a mean over rows."""
    known = offered(view.dataset.schema)
    ranked = [name for name in row_losses(view.dataset) if name in known]
    others = [name for name in headline_names(view.dataset.schema) if name not in ranked]
    options = [*ranked, *others]
    chosen = st.query_params.get(METRIC)
    chosen = chosen if chosen in options else options[0]
    _set("slice_metric", chosen)
    st.selectbox(
        "Metric", options, key="slice_metric", on_change=_on_metric, width=200,
        format_func=lambda name: known[name].metric.label,
        help=None if chosen in ranked else "Weak slices are ranked by the first metric of this"
        " list: this one is no mean over rows.",
    )  # fmt: skip
    return chosen


def pick_since(view: View) -> str | None:
    """The version since which a weak slice counts as new; None where there is none to choose."""
    present = view.selection.version or (view.versions[-1] if view.versions else None)
    others = [v for v in view.versions if v != present]
    if not others:
        return None
    chosen = st.query_params.get(SINCE)
    chosen = chosen if chosen in others else NOBODY
    _set("slice_since", chosen)
    st.selectbox(
        "New since version", [NOBODY, *others], key="slice_since", on_change=_on_since, width=170,
        help="Marks slices that are weak now and were not under that version.",
    )  # fmt: skip
    return None if chosen == NOBODY else chosen


def pick_least() -> int:
    """The least labelled rows of a slice that is shown."""
    text = st.query_params.get(LEAST, "")
    chosen = int(text) if text.isdigit() and int(text) > 0 else DEFAULT_LEAST
    _set("slice_least", chosen)
    st.number_input(
        "Least rows", min_value=1, step=50, key="slice_least", on_change=_on_least, width=130,
        help="Smaller slices are left out of the list. The search itself wants one row in fifty.",
    )  # fmt: skip
    return chosen


def asked_of(view: View, metric: str, since: str | None, least: int) -> Asked:
    """The words of the search: over all rows of the window, whatever slice is open."""
    names = (metric,) if metric in row_losses(view.dataset) else ()
    asked = view.asked(
        segment=None, names=names, every=default_every(view), by_version=False,
        min_rows=least if least < DEFAULT_LEAST else None,
    )  # fmt: skip
    if since is None:
        return asked
    present = view.selection.version or view.versions[-1]
    return replace(asked, version=present, reference=f"version:{since}")


def default_search(view: View) -> Asked:
    """The search that the page makes unasked."""
    return asked_of(view, next(iter(row_losses(view.dataset))), None, DEFAULT_LEAST)


def _set(key: str, value: object) -> None:
    if st.session_state.get(key) != value:
        st.session_state[key] = value


@guarded("explore")
def _on_metric() -> None:
    st.query_params[METRIC] = st.session_state.slice_metric


@guarded("explore")
def _on_since() -> None:
    chosen = st.session_state.slice_since
    if chosen == NOBODY:
        st.query_params.pop(SINCE, None)
    else:
        st.query_params[SINCE] = chosen


@guarded("explore")
def _on_least() -> None:
    st.query_params[LEAST] = str(st.session_state.slice_least)
