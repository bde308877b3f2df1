"""The main metric by period, with a box that can be drawn to look closer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import TelltaleError
from analytics.words import unit_of, write_count
from app.charts import Look, series_chart
from app.session import format_window
from app.widgets.chart_box import NO_PERIOD, draw_chart, draw_zoom_chart
from app.widgets.choices import headline_metrics
from app.widgets.estimate import draw_estimate
from app.widgets.over_time_more import SHADED, Besides, draw_more, drawn_levels, say_running
from app.widgets.pickers import zoom_to
from app.widgets.saved import draw_notes, note_marks, say_marks
from app.widgets.slice_click import hear_marks, point_way

if TYPE_CHECKING:
    from analytics.core import Result
    from app.widgets.view import View

MIN_SPAN_S = 3600.0
NOTHING = Besides()
DOTTED = (
    "Dotted, with its band: estimated without labels from calibrated scores (CBPE){mix}; assumes no"
    " concept drift, so a line that leaves it says that scores no longer mean what they meant."
)
LEARNED = (
    "Dotted, with its band: estimated without labels, from losses learned on the reference (DLE);"
    " assumes no concept drift, so a line that leaves it says that rows like these no longer lose what"
    " they lost."
)


def draw_with_estimate(
    view: View,
    results: Sequence[Result],
    every: str,
    metric: str,
    besides: Besides,
) -> Callable[[], None]:
    """The line, and what draws it with the estimate beside it: at once where that is known already.

    Weighing the reference like every period takes a while: whoever calls it last keeps no number waiting.
    """
    names = _estimated_names(view, metric)
    slot, beneath = st.empty(), st.container()
    is_known = not names or view.is_known("estimate:past", names=names, every=every)
    if not is_known:
        with slot.container():
            look = Look(
                unit_of(results[0]) if results else None, 300, versions=view.versions,
                levels=drawn_levels(besides.changes or ()), running=besides.running,
            )  # fmt: skip
            caption = say_caption(
                results, every, is_selectable=False, has_bands=not besides.running
            )
            draw_chart(series_chart(results, look), f"first_{metric}_{every}", caption=caption)

    def finish() -> None:
        with beneath:
            estimated = _ask_estimated(view, names, every)
        with slot.container():
            mine = tuple(r for r in estimated if r.name == metric)
            draw_over_time(view, results, every, besides=replace(besides, estimated=mine))

    if not is_known:
        return finish
    finish()
    return lambda: None


def _estimated_names(view: View, metric: str) -> tuple[str, ...]:
    """What is estimated at once, so that another metric needs no waiting; empty where nothing can say."""
    from analytics.evaluate.estimate import can_be_estimated

    there = can_be_estimated(view.dataset) if view.has_reference else ()
    if metric not in there:
        return ()
    if view.dataset.schema.task == "regression":
        is_wanted = st.toggle(
            "Estimate without labels",
            key=f"estimate_{metric}",
            help="Learns the losses of the reference; takes some seconds the first time.",
        )
        return (metric,) if is_wanted else ()
    few = [n for n in headline_metrics(view) if n in there]
    return (*few, *([metric] if metric not in few else []))


def _ask_estimated(view: View, names: tuple[str, ...], every: str) -> tuple[Result, ...]:
    """What the metrics are expected to be without labels, by period."""
    if not names:
        return ()
    try:
        found = view.ask("estimate:past", "Estimating without labels", names=names, every=every)
    except TelltaleError:  # a reference without labels: the realised line says all there is
        return ()
    return tuple(found)


def draw_over_time(
    view: View,
    results: Sequence[Result],
    every: str,
    height: int = 300,
    besides: Besides = NOTHING,
) -> None:
    """One number over time, versions as colours; drawing a box sets the window."""
    unit = unit_of(results[0]) if results else None
    marks = note_marks(view)
    notes = tuple((mark.at, mark.word) for mark in marks)
    look = Look(
        unit, height, is_selectable=view.has_times, versions=view.versions, notes=notes,
        estimated=besides.estimated, levels=drawn_levels(besides.changes or ()),
        running=besides.running,
    )  # fmt: skip
    chart = series_chart(results, look)
    key = f"over_{results[0].name if results else 'none'}_{every}_{view.selection.window}"
    caption = _say(view, results, every, look) + say_marks(marks)
    is_bare = results and all(r.reason == "no labels yet" for r in results)
    why_not = "No label has arrived for this window yet." if is_bare else NO_PERIOD
    span = draw_zoom_chart(chart, key, caption=caption, why_not=why_not)
    if view.has_times and chart is not None:
        hear_marks(view, key, point_way(results))
    if besides.changes is not None:
        draw_more(besides.changes)
    draw_estimate(view, besides.estimated, key)
    draw_notes(view)
    if span is None:
        return
    start, end = span
    if (end - start).total_seconds() >= MIN_SPAN_S:
        start, end = _whole_days(start, end)
        if format_window(start, end) != view.selection.window:
            zoom_to(start, end)
            st.rerun()


def _say_mix(estimated: Sequence[Result]) -> str:
    """In how many periods the mix of rows had changed and the estimate follows it."""
    n = sum(r.detail.get("method") == "blend" for r in estimated)
    if not n:
        return ""
    what = "period" if n == 1 else "periods"
    return f", corrected in {write_count(n)} {what} whose mix of rows had changed"


def _say(view: View, results: Sequence[Result], every: str, look: Look) -> str:
    """What bands, dotted and dashed lines are, and what a click does."""
    caption = say_caption(results, every, is_selectable=view.has_times, has_bands=not look.running)
    if look.running:
        caption = f"{say_running(look.running)} {caption}"
    if look.estimated:
        is_learned = look.estimated[0].detail.get("method") == "dle"
        said = LEARNED if is_learned else DOTTED.format(mix=_say_mix(look.estimated))
        caption += f" {said}{_say_sampled(look.estimated[0])}"
    if look.levels:
        caption += f" {SHADED}"
    if view.has_times and view.viewer.may("explore", view.model):
        caption += " A click on a point opens its rows."
    return caption


def _say_sampled(result: Result) -> str:
    """How many rows of the reference were looked at, where not all were."""
    n, total = result.detail.get("n_reference"), result.detail.get("n_reference_all")
    if n is None or total is None:
        return ""
    return (
        f" From a sample of {write_count(n)} of the reference's {write_count(total)} labelled rows."
    )


def _whole_days(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The span on whole days where it is longer than two of them."""
    if end - start < timedelta(days=2):
        hours = (moment.replace(minute=0, second=0) for moment in (start, end))
        return next(hours), next(hours) + timedelta(hours=1)
    days = (moment.replace(hour=0, minute=0, second=0) for moment in (start, end))
    return next(days), next(days) + timedelta(days=1)


def say_caption(
    results: Sequence[Result], every: str, *, is_selectable: bool, has_bands: bool = True
) -> str:
    """What the bands are, what was left out, and what dragging does."""
    methods = sorted({r.interval for r in results if r.interval})
    pieces = [f"Bands: 95 % interval ({', '.join(methods)})." if methods and has_bands else ""]
    thin = [r for r in results if r.verdict == "undefined"]
    if thin:
        alone = len(thin) == 1
        what = "period has too few labels and is left as a gap" if alone else (
            "periods have too few labels and are left as gaps"
        )  # fmt: skip
        pieces.append(f"{write_count(len(thin))} {what}.")
    provisional = sum(r.detail.get("maturity") == "provisional" for r in results)
    if provisional:
        waits = "period still waits" if provisional == 1 else "periods still wait"
        pieces.append(f"{provisional} {waits} for labels.")
    if is_selectable:
        pieces.append("Drag over a span to look closer.")
    del every
    return " ".join(filter(None, pieces))
