"""What a model promises about its latency: set, kept or broken, and under which load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import UsageError
from analytics.serving.promise import Promise, check_promise
from analytics.words import write_count, write_moment, write_value
from app.auth import guarded, require
from app.cache import desk
from app.charts import Strip, pace_chart, timeline_chart
from app.settings import settings_in_force
from app.terms import parse_promise, promise_words, set_promise, terms_of
from app.widgets.chart_box import draw_chart
from app.widgets.empty_state import draw_empty
from app.widgets.metric_card import draw_cards
from app.widgets.problem import plain

if TYPE_CHECKING:
    from analytics.core import Result
    from analytics.evaluate.promise import LoadMap
    from app.widgets.view import View

KEY = "promise"  # in the URL, as MS,SHARE
TARGET = 0.99
NO_LATENCY = ("No latency was logged.", "Map a column: --map latency_ms=COLUMN.")


def draw_promise(view: View, whole: Sequence[Result], every: str) -> None:
    """The fields, what was kept, the budget over time."""
    promise = _pick(view, whole)
    if promise is None:
        draw_empty(*NO_LATENCY)
        return
    name = f"promise:{promise_words(promise)}"
    found: list[Result] = view.ask(name, "Counting kept promises")
    series: list[Result] = view.ask(name, f"Cutting by {every}", every=every)
    draw_cards([(r, [s for s in series if s.name == r.name], _note(r)) for r in found])
    strips = [
        Strip(
            str(r.detail["label"]), [("", [s for s in series if s.name == r.name])], is_close=True
        )
        for r in found
    ]
    draw_chart(timeline_chart(strips), "promise_timeline", caption=_say(promise, found))


def _say(promise: Promise, found: Sequence[Result]) -> str:
    share = f"{100 * promise.target:g} %"
    unknown = int(found[0].detail["n_unknown"]) if found else 0
    left_out = f" {write_count(unknown)} answers without a latency are left out." if unknown else ""
    return (
        f"Promised: {share} of requests answered without an error within"
        f" {promise.threshold_ms:g} ms. The budget of the window is the rest; it is"
        f" spent from left to right.{left_out}"
    )


def _note(result: Result) -> str:
    if result.name == "budget_left" and "n_allowed" in result.detail:
        broken, allowed = int(result.detail["n_broken"]), float(result.detail["n_allowed"])
        return f"{write_count(broken)} of {allowed:,.0f} spent"
    if result.name == "within_target":
        return f"promised {100 * float(result.detail['target']):g} %"
    return f"T = {float(result.detail['threshold_ms']):g} ms"


def chosen_promise(view: View, whole: Sequence[Result]) -> tuple[Promise | None, bool]:
    """The promise of the URL, the model's own, or an example; and whether somebody made it."""
    asked = st.query_params.get(KEY)
    saved = terms_of(desk().database, view.model).promise
    if asked:
        try:
            return parse_promise(asked), True
        except UsageError:
            st.query_params.pop(KEY)
    if saved is not None:
        return saved, True
    slow = next((r.value for r in whole if r.name == "latency_p99" and r.value), None)
    return (None if slow is None else Promise(_tidy(slow), TARGET)), False


def _tidy(value: float) -> float:
    """The next number of one digit: an example should look like one."""
    from math import ceil, floor, log10

    size = 10.0 ** floor(log10(value))
    return float(ceil(round(value / size, 9)) * size)


def _pick(view: View, whole: Sequence[Result]) -> Promise | None:
    promise, is_made = chosen_promise(view, whole)
    if promise is None:
        return None
    with st.container(horizontal=True, vertical_alignment="bottom", key="promise_fields"):
        within = st.number_input(
            "Answered within, ms", min_value=0.001, value=promise.threshold_ms, width=160,
            key=f"promise_ms_{view.model}", format="%g",
        )  # fmt: skip
        share = st.number_input(
            "Of requests, %", min_value=1.0, max_value=99.9999, value=100 * promise.target,
            key=f"promise_share_{view.model}", format="%g", step=0.1, width=160,
        )  # fmt: skip
        typed = check_promise(within, round(share / 100, 8))
        saved = terms_of(desk().database, view.model).promise
        if view.viewer.may("configure", view.model) and typed != saved:
            st.button(
                "Save for this model", key="save_promise", on_click=_save, args=(view.model, typed)
            )
    if typed != promise:
        st.query_params[KEY] = f"{typed.threshold_ms:g},{typed.target:g}"
    elif not is_made:
        st.caption(
            "Nobody has promised this for the model yet; it is an example near its 99th percentile."
        )
    return typed


@guarded("configure")
def _save(model: str, promise: Promise) -> None:
    set_promise(desk().database, require("configure", model), model, promise)
    st.query_params.pop(KEY, None)


def draw_load(view: View, whole: Sequence[Result]) -> None:
    """Latency against load, and the highest load at which the promise was kept."""
    promise, is_made = chosen_promise(view, whole)
    if promise is None:
        draw_empty(*NO_LATENCY)
        return
    found: LoadMap | None = view.ask(
        f"load:{promise_words(promise)}", "Laying latency against load"
    )
    if found is None:
        draw_empty("There is no load over time.", "This log has no timestamps, or is cut by rows.")
        return
    draw_cards([(r, (), "") for r in found.results])
    st.caption(plain(_say_load(found, is_made)))
    draw_chart(
        pace_chart(found), "load",
        caption=f"A dot is one {found.every}. Filled: kept; diamond: broken beyond chance; ring: not sure.",
    )  # fmt: skip


def _say_load(found: LoadMap, is_made: bool) -> str:
    promise, best = found.promise, found.capacity
    whose = "" if is_made else ", an example that is set under Promise"
    said = f"Promise: {100 * promise.target:g} % within {promise.threshold_ms:g} ms{whose}."
    if best.at is None or best.usual is None:
        return f"{said} {(found.results[0].reason or '').capitalize()}."
    zone = settings_in_force().text("display_zone")
    start = best.at.window.start
    when = f", from {write_moment(start, zone)} on" if start else ""
    limit = (
        f"{best.n_above} busier {found.every}{'s' if best.n_above != 1 else ''} broke it"
        if best.n_above
        else "no busier one broke it, so both numbers are at least that"
    )
    return (
        f"{said} The busiest {found.every} that kept it had {write_count(best.at.kept.n)} requests"
        f"{when}; {limit}. Usual is the median {found.every}: {write_value(best.usual, 'per_s')}."
    )
