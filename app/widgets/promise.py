"""What a model promises about its latency: set, kept or broken, and under which load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import UsageError
from analytics.serving.promise import Promise, check_promise
from app.auth import guarded, require
from app.cache import desk
from app.charts import pace_chart, timeline_chart
from app.served import (
    EXAMPLE,
    example_promise,
    explain_dots,
    note_of,
    promise_strips,
    say_load,
    say_promise,
)
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
    draw_cards([(r, [s for s in series if s.name == r.name], note_of(r)) for r in found])
    strips = promise_strips(series)
    draw_chart(timeline_chart(strips), "promise_timeline", caption=say_promise(promise, found))


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
    return example_promise(whole), False


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
        st.caption(EXAMPLE)
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
    whose = "" if is_made else ", an example that is set under Promise"
    zone = settings_in_force().text("display_zone")
    st.caption(plain(say_load(found, whose, zone)))
    draw_chart(pace_chart(found), "load", caption=explain_dots(found))
