"""The numbers of the page Feedback: what is new, what waits, how bad it is; trends and the digest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from analytics.core import Result, Window
from analytics.feedback.age import median_age
from analytics.findings.voices import digest, speak_of_feedback
from app.auth.current import state
from app.charts import Look, series_chart
from app.feedback.reading import columns_of, read_week, work_of
from app.state.inbox import open_since
from app.widgets.chart_box import draw_chart
from app.widgets.empty_state import draw_empty
from app.widgets.problem import plain
from app.widgets.tables import results_table

if TYPE_CHECKING:
    from analytics.core import Finding
    from app.widgets.view import View

LONG_DAYS = 70  # a window longer than this is cut by month
COLUMN = "feedback_by"


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the page opens with."""

    whole: list[Result]
    series: list[Result]
    age: Result
    every: str
    finding: Finding


def read_numbers(view: View) -> Numbers:
    """Volume and negative rate of the window and by period, and how long the open ones wait."""
    window = _window(view)
    every = _every(view)
    whole = view.ask("feedback", "Counting feedback", window=window)
    series = view.ask("feedback", f"Cutting by {every}", window=window, every=every)
    values = [
        r
        for column in ("version", *columns_of(view.dataset)[:1])
        for r in view.ask(f"feedback:{column}", "Looking for groups", window=window)
        if r.name == "negative_rate"
    ]
    database = state()[0]
    rate, volume = (_one(whole, name) for name in ("negative_rate", "feedback_volume"))
    work = work_of(database, view.model)
    finding = speak_of_feedback(rate, volume, values, work, view.now)
    return Numbers(whole, series, _age(view), every, finding)


def cards_of(found: Numbers) -> list[tuple[Result, list[Result], str]]:
    """New items, the age of what waits, the negative rate."""
    cards = []
    for name in ("feedback_volume", "negative_rate"):
        result = _one(found.whole, name)
        if result is not None:
            cards.append((result, [r for r in found.series if r.name == name], ""))
    note = f"{found.age.n:,} open"
    cards.insert(1, (found.age, [], note))
    return cards


def draw_trends(view: View, found: Numbers) -> None:
    """Negative rate and volume over time, by version, and by value of a column."""
    rates = [r for r in found.series if r.name == "negative_rate"]
    volumes = [r for r in found.series if r.name == "feedback_volume"]
    word = {"day": "day", "week": "week", "month": "month"}[found.every]
    left, right = st.columns(2, gap="small")
    with left.container(border=True, height="stretch"):
        caption = "Bands: 95 % interval (Wilson). Periods with fewer than 30 judgements are gaps."
        draw_chart(
            series_chart(rates, Look("rate", 260, versions=view.versions)),
            "feedback_rate",
            title=f"Negative share by {word}",
            caption=caption,
        )
    with right.container(border=True, height="stretch"):
        draw_chart(
            series_chart(volumes, Look("count", 260)),
            "feedback_volume",
            title=f"Items by {word}",
            caption="Bands: 95 % interval (Poisson). Spam and duplicates are left out.",
        )
    columns = ["version", *columns_of(view.dataset)]
    column = st.selectbox("By", columns, key=COLUMN, width=220)
    values = view.ask(f"feedback:{column}", f"Counting by {column}", window=_window(view))
    if not values:
        draw_empty("Nothing to put together.", "No item is linked to a logged prediction yet.")
        return
    shown = [r for r in values if r.name == "negative_rate"]
    st.caption(
        "Each row beside everything said outside it; 95 % interval (Wilson). A group with fewer"
        " than 30 judgements has no rate."
    )
    results_table(shown, "feedback_values")


def draw_digest(view: View) -> None:
    """The week in five lines."""
    from app.cache import desk

    week = read_week(desk().engine, state()[0], view.dataset, view.now)
    for line in digest(week):
        st.markdown(f"- {plain(line)}")
    if view.dataset.is_sample or view.dataset.is_replayed:
        st.caption("The log is replayed: the week is the last one of the log.")


def _one(results: list[Result], name: str) -> Result | None:
    return next((r for r in results if r.name == name), None)


def _age(view: View) -> Result:
    moments = open_since(state()[0], view.model)
    now = view.now
    days = [max(0.0, (now - moment).total_seconds() / 86400) for moment in moments]
    found = median_age(days)
    detail = {"label": "Median age, days", "unit": "label", "better": "lower"}
    shown = replace(found, detail=detail)
    return Result(
        "feedback_age", shown.value, len(days), "undefined", Window(end=now), shown.low, shown.high,
        shown.interval, reason=shown.reason or "nothing to compare with", detail=detail,
    )  # fmt: skip


def _window(view: View) -> str | None:
    """A replayed log ends where it ends: what is said today stands in the inbox, not in its trend."""
    window = view.selection.window
    if window == "all" and view.now == view.dataset.last_event:
        return f"..{view.now.isoformat()}"
    return None if window == "all" or "rows" in window else window


def _every(view: View) -> str:
    now = view.facts.now
    if now is None or now.first is None or now.last is None:
        return "month"
    days = (now.last - now.first).days
    return "month" if days > LONG_DAYS else "week" if days > 14 else "day"
