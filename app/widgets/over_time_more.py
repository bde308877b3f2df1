"""What a chart over time can show besides, behind More: in the URL, so that a link shows the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analytics.findings.levels import found_levels, say_level, say_place, say_size
from analytics.words import unit_of, write_count, write_value
from app.auth import guarded
from app.widgets.problem import plain
from app.widgets.tables import draw_list

if TYPE_CHECKING:
    from analytics.core import Result

LEVELS = "levels"  # in the URL: 0 hides changes of level
SHADED = (
    "Shaded: where the level changed, looking back over the whole window (95 %), with the level"
    " before and after as a dashed line."
)


def shows_levels() -> bool:
    """Whether changes of level are drawn: unless somebody hid them."""
    return st.query_params.get(LEVELS) != "0"


def drawn_levels(changes: Sequence[Result]) -> tuple[Result, ...]:
    """The changes to draw: of one series, where they are not hidden."""
    series = {c.detail.get("class") for c in changes}
    return tuple(found_levels(changes)) if shows_levels() and len(series) == 1 else ()


def draw_more(changes: Sequence[Result]) -> None:
    """The switches, and what looking back found in numbers."""
    with st.expander("More", key="over_more", type="compact", on_change="rerun") as box:
        if not box.open:
            return
        st.session_state["show_levels"] = shows_levels()
        st.toggle(
            "Changes of level", key="show_levels", on_change=_on_levels,
            help="Where the metric's level changed, looking back; chance explains one in a hundred",
        )  # fmt: skip
        if not shows_levels() or not changes:
            return
        found = found_levels(changes)
        if found:
            st.markdown(f"{plain(say_level(found[-1]))}.")
            draw_list([_row(c) for c in found], "")
        else:
            st.caption(plain(f"Looking back: {changes[0].reason or 'no change of level'}."))


def _row(change: Result) -> dict[str, object]:
    unit, d = unit_of(change), change.detail
    p = float(d["p_value"])
    return {
        "it came": say_place(change),
        "before": write_value(d["before"], unit),
        "after": write_value(d["after"], unit),
        "change": say_size(change),
        "chance explains": "under 0.001" if p < 0.001 else f"{p:.3f}",
        "labels since": write_count(change.n_labelled or change.n),
    }


@guarded("view")
def _on_levels() -> None:
    if st.session_state.show_levels:
        st.query_params.pop(LEVELS, None)
    else:
        st.query_params[LEVELS] = "0"
