"""What a page lets people choose for itself: the metric, and the periods. In the URL as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from app import periods
from app.auth import guarded
from app.periods import say_every

if TYPE_CHECKING:
    from analytics.core import Schema
    from app.widgets.view import View

MORE = "More"
__all__ = [
    "default_every",
    "headline_metrics",
    "period_options",
    "pick_every",
    "pick_metric",
    "say_every",
    "say_number",
]


def headline_metrics(view: View) -> tuple[str, ...]:
    """The few metrics that a page shows unasked, the main one first."""
    from analytics.catalog import headline_names

    return headline_names(view.dataset.schema)


def pick_metric(view: View, only: Sequence[str] | None = None, main: str | None = None) -> str:
    """The metric of the URL or the main one; the few as buttons, the rest behind "More".

    ``only`` are the metrics that a page can speak of, ``main`` the one for a URL that names none of
    them.
    """
    from analytics.catalog import offered

    known = {k: v for k, v in offered(view.dataset.schema).items() if only is None or k in only}
    few = [name for name in headline_metrics(view) if name in known] or list(known)[:4]
    chosen = st.query_params.get("metric")
    chosen = chosen if chosen in known else main if main in known else few[0]
    rest = [name for name in known if name not in few]

    def say(name: str) -> str:
        return MORE if name == MORE else _label(name, known[name].metric.label)

    is_more = chosen in rest or (bool(rest) and st.session_state.get("pick_few") == MORE)
    _set("pick_few", MORE if is_more else chosen)
    st.segmented_control(
        "Metric", [*few, MORE] if rest else few, key="pick_few", format_func=say, on_change=_on_few, required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    if is_more:
        _set("pick_rest", chosen if chosen in rest else rest[0])
        st.selectbox(
            "More metrics", rest, key="pick_rest", format_func=say, on_change=_on_rest,
            label_visibility="collapsed", width=220,
        )  # fmt: skip
        return chosen if chosen in rest else rest[0]
    return chosen


def say_number(schema: Schema, name: str) -> str:
    """A number of any question as people read it: a metric's label, else its name without underscores."""
    from analytics.catalog import offered

    found = offered(schema).get(name)
    return _label(name, found.metric.label) if found else name.replace("_", " ")


def _label(name: str, label: str) -> str:
    average = next((a for a in ("macro", "micro", "weighted") if name.endswith(f"_{a}")), None)
    return f"{label}, {average}" if average else label


def _set(key: str, value: object) -> None:
    if st.session_state.get(key) != value:
        st.session_state[key] = value


@guarded("view")
def _on_few() -> None:
    if st.session_state.pick_few == MORE:
        return
    st.query_params["metric"] = st.session_state.pick_few


@guarded("view")
def _on_rest() -> None:
    st.query_params["metric"] = st.session_state.pick_rest


def pick_every(view: View) -> str:
    """The periods of the URL, else those that suit the window's length."""
    options = period_options(view)
    chosen = st.query_params.get("every")
    chosen = chosen if chosen and chosen in options else default_every(view)
    _set("pick_every", chosen)
    st.segmented_control(
        "Periods", options, key="pick_every", on_change=_on_every, required=True,
        format_func=say_every, label_visibility="collapsed",
    )  # fmt: skip
    return chosen


@guarded("view")
def _on_every() -> None:
    st.query_params["every"] = st.session_state.pick_every


def period_options(view: View) -> Sequence[str]:
    """Periods that give neither one point nor thousands."""
    return periods.options_of(view.facts.now, has_times=view.has_times)


def default_every(view: View) -> str:
    """Days in a window of weeks, weeks in one of months, months in one of years."""
    return periods.default_of(view.facts.now, has_times=view.has_times)
