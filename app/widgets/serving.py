"""What the page Serving is made of: the timeline, the spread of latency, errors by kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analytics.core import Finding
from analytics.findings import speak
from analytics.words import write_count, write_half_width, write_moment, write_value
from app.charts import Mark, latency_chart, serving_strips, timeline_chart
from app.settings import settings_in_force
from app.widgets.chart_box import draw_chart
from app.widgets.empty_state import draw_empty
from app.widgets.tables import results_table

if TYPE_CHECKING:
    from analytics.core import Result
    from analytics.evaluate.serving import LatencyMap
    from analytics.query.serving import Failure
    from app.widgets.view import View

CARDS = ("latency_p95", "latency_p99", "throughput", "error_rate")
SPOKEN = ("latency_p95", "error_rate")
MOST_CARDS = 5


def speak_of_serving(whole: Sequence[Result], series: Sequence[Result]) -> Finding:
    """What the page opens with: latency and errors, or that none were logged."""
    spoken = [r for r in whole if r.name in SPOKEN]
    if not spoken:
        return Finding(
            "No latency and no errors were logged",
            "Name their columns when the log is imported: latency_ms, status, error_type. What is"
            " below is how often the model was asked.",
            "undefined",
            0.0,
        )
    return speak([r for r in series if r.name in SPOKEN], spoken)


def cards_of(
    whole: Sequence[Result], series: Sequence[Result]
) -> list[tuple[Result, Sequence[Result], str]]:
    """The numbers that a page on serving opens with: latency, load, errors, then the machine."""
    names = [*CARDS, *(r.name for r in whole if r.detail.get("n_samples"))]
    chosen = [r for name in names for r in whole if r.name == name][:MOST_CARDS]
    return [(r, [s for s in series if s.name == r.name], _note(r)) for r in chosen]


def _note(result: Result) -> str:
    if result.name == "throughput":
        return f"≤ {write_count(int(result.detail['peak_per_minute']))}/min"
    if result.name == "error_rate":
        return f"{write_count(int(result.detail['n_failed']))} failed"
    return ""


def draw_timeline(
    view: View, series: Sequence[Result], metric: Sequence[Result], marks: Sequence[Mark]
) -> None:
    """Latency, errors, load, resources and the main metric on one axis of time."""
    chart = timeline_chart(serving_strips(series, metric), marks)
    replayed = view.dataset.is_sample or view.dataset.is_replayed
    note = "Replayed: measured while the log was built, not in production." if replayed else ""
    draw_chart(chart, "serving_timeline", caption=note)


def draw_spread(found: LatencyMap | None) -> None:
    """How latency was spread in every period."""
    if found is None:
        draw_empty("No latency was logged.", "Map a column: --map latency_ms=COLUMN.")
        return
    draw_chart(
        latency_chart(found),
        "latency_spread",
        caption="Each column is a period; the darker, the more of its answered requests.",
    )


def draw_failures(view: View, found: Sequence[Failure]) -> None:
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
    from analytics.evaluate.failing import share_of

    zone = settings_in_force().text("display_zone")
    share, low, high = share_of(failure)
    return {
        "error": failure.kind,
        "message": failure.message,
        "count": failure.n,
        "over time": list(failure.counts),
        "share": f"{write_value(share, 'rate')} {write_half_width(low, high, 'rate')}",
        "first version": failure.first_version or "",
        "first seen": write_moment(failure.first, zone) if failure.first else "",
        "last seen": write_moment(failure.last, zone) if failure.last else "",
        "newest": _link(view, failure, 0),
        "one before": _link(view, failure, 1),
    }


def _link(view: View, failure: Failure, place: int) -> str | None:
    from urllib.parse import urlencode

    from app.session import format_selection

    if len(failure.examples) <= place or not view.viewer.may("explore", view.model):
        return None
    selection = format_selection(view.selection) | {"id": failure.examples[place]}
    return f"/explore?{urlencode(selection)}"


def draw_by_version(results: Sequence[Result]) -> None:
    """The same numbers for each version; resources belong to none."""
    results_table([r for r in results if r.version is not None], "serving_versions")
