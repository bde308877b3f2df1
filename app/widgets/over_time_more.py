"""What a chart over time can show besides, behind More: in the URL, so that a link shows the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from analytics.findings.levels import found_levels, say_level, say_place, say_size
from analytics.words import unit_of, write_count, write_value
from app.auth import guarded
from app.widgets.problem import plain
from app.widgets.tables import draw_list

if TYPE_CHECKING:
    from analytics.core import Result
    from app.widgets.view import View

LEVELS = "levels"  # in the URL: 0 hides changes of level
BAND = "band"  # in the URL: 1 draws the always-valid band
SHADED = (
    "Shaded: where the level changed, looking back over the whole window (95 %); a thin line is the"
    " level since."
)

PROMISE = (
    "Dashed: the mean of all periods so far, in an always-valid band: it keeps its promise however"
    " often somebody looks, every hour for years; that it ever misses has a chance of at most 5 %."
)
BOUNDED = "Empirical Bernstein, exact for losses with a bound."
ASYMPTOTIC = "Asymptotic: no bound of a row's loss is known, so the promise is for many rows."
WAITING = "Periods that still wait for labels are left out."


@dataclass(frozen=True, slots=True)
class Besides:
    """What is drawn beside the numbers by period; ``changes`` is None where none are looked for."""

    estimated: tuple[Result, ...] = ()
    changes: Sequence[Result] | None = None
    running: tuple[Result, ...] = ()


def ask_running(view: View, metric: str, every: str) -> tuple[Result, ...]:
    """The mean so far with its always-valid band, by version, where somebody chose to see it.

    Not of a metric that has one number for each class.
    """
    if not shows_band():
        return ()
    is_split = len(view.versions) > 1 and view.selection.version is None
    found: list[Result] = view.ask(
        "band", "Adding up the periods", names=(metric,), every=every, by_version=is_split
    )
    return tuple(found) if len({r.detail.get("class") for r in found}) == 1 else ()


def say_running(running: Sequence[Result]) -> str:
    """What the band promises, and of which kind it is."""
    kinds = {str(r.detail["method"]) for r in running}
    kind = BOUNDED if kinds == {"empirical_bernstein"} else ASYMPTOTIC
    return f"{PROMISE} {kind} {WAITING}"


def shows_band() -> bool:
    """Whether the always-valid band is drawn: where somebody chose it."""
    return st.query_params.get(BAND) == "1"


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
        _draw_switches()
        if not shows_levels() or not changes:
            return
        found = found_levels(changes)
        if found:
            st.markdown(f"{plain(say_level(found[-1]))}.")
            draw_list([_row(c) for c in found], "")
        else:
            st.caption(plain(f"Looking back: {changes[0].reason or 'no change of level'}."))


def _draw_switches() -> None:
    st.session_state["show_levels"], st.session_state["show_band"] = shows_levels(), shows_band()
    with st.container(horizontal=True, gap="medium"):
        st.toggle(
            "Changes of level", key="show_levels", on_change=_on_levels,
            help="Where the metric's level changed, looking back; chance explains one in a hundred",
        )  # fmt: skip
        st.toggle(
            "Always-valid band", key="show_band", on_change=_on_band,
            help="The mean of all periods so far, in a band that holds however often you look;"
            " it stands in place of each period's own interval",
        )  # fmt: skip


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


@guarded("view")
def _on_band() -> None:
    if st.session_state.show_band:
        st.query_params[BAND] = "1"
    else:
        st.query_params.pop(BAND, None)
