"""From a number about some rows to those rows: links that open a slice, and labelling where it helps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.core import Condition
from analytics.query.cells import conditions_of, segment_text
from app.cache import desk, shelf
from app.session import KEYS, selection_params
from app.widgets.empty_state import link_to
from app.widgets.problem import plain

if TYPE_CHECKING:
    from analytics.core import Column
    from app.labelling.arrival import Arrival
    from app.widgets.view import View

SEGMENT = KEYS["segment"]
MOST_LINKS = 12


def slice_params(segment: str) -> dict[str, str]:
    """What the link of a slice carries: the page's selection, with the slice as its segment."""
    return selection_params(st.query_params.to_dict()) | {SEGMENT: segment}


def link_to_slice(segment: str, label: str = "Open slice") -> bool:
    """A link that opens the slice; nothing where there is no such page."""
    return link_to("slices", label, slice_params(segment))


def label_params(segment: str) -> dict[str, str]:
    """What the link to labelling rows of a slice carries."""
    chosen = {KEYS["model"]: st.query_params.get(KEYS["model"], "")}
    return {k: v for k, v in chosen.items() if v} | {"q": "slice", SEGMENT: segment}


def has_own_truth(view: View) -> bool:
    """Whether the truth arrives without anybody's work, so that no row need be labelled."""
    from app.labelling.arrival import arrival

    dataset = view.dataset
    key = ("arrival", view.model, dataset.fingerprint)
    found: Arrival = shelf().get(
        key, lambda cancel: arrival(desk().engine.under(cancel), dataset, view.now)
    )
    return found.is_automatic


def draw_slice_menu(
    view: View, label: str, entries: Callable[[], Sequence[tuple[str, str]]], key: str
) -> None:
    """A popover of links to slices, each (words, segment), read when it is opened; nothing for who may not explore."""
    if not view.viewer.may("explore", view.model):
        return
    with st.popover(label, key=key, on_change="rerun") as box:
        if not box.open:
            return
        found = entries()
        for words, segment in found:
            link_to_slice(segment, plain(words))
        if not found:
            st.caption("No slice to open here.")


def column_slices(view: View, column: str) -> list[tuple[str, str]]:
    """The slices of one column: its frequent levels, or the quarters of its numbers."""
    cut = view.ask(f"cut:{column}", f"Reading {column}", segment=None, reference="none")
    if cut is None:
        return []
    codes = cut.levels or tuple(str(i) for i in range(len(cut.edges) + 1))
    found = []
    for code in codes[:MOST_LINKS]:
        conditions = conditions_of(cut, code)
        if conditions:
            text = segment_text(conditions)
            found.append((text.replace(" AND ", " and "), inside_chosen(text)))
    return found


def value_slices(view: View, column: str, value: Any) -> str | None:
    """The slice of rows like this one in a column: the same level, or the same quarter of numbers."""
    cut = view.ask(f"cut:{column}", f"Reading {column}", segment=None, reference="none")
    if cut is None or value is None or value != value:
        return segment_text([Condition(column, "is null")]) if cut is not None else None
    if cut.levels:
        return segment_text([Condition(column, "=", str(value))])
    at = sum(float(value) > edge for edge in cut.edges)
    conditions = conditions_of(cut, str(at))
    return segment_text(conditions) if conditions else None


def is_sliced(column: Column) -> bool:
    """Whether rows can be cut by a column."""
    return column.type in ("numeric", "categorical", "boolean")


def inside_chosen(text: str) -> str:
    """The conditions inside the segment that is chosen now."""
    chosen = st.query_params.get(SEGMENT)
    return f"{chosen} AND {text}" if chosen and text not in chosen else text
