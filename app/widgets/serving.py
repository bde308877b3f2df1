"""What the page Serving is made of: the timeline, the spread of latency, errors by kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analytics.core import Finding
from analytics.findings import speak
from analytics.words import write_count
from app.charts import Mark, serving_strips, timeline_chart
from app.widgets.chart_box import draw_chart
from app.widgets.saved import say_marks
from app.widgets.tables import results_table

if TYPE_CHECKING:
    from analytics.core import Result
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
    draw_chart(chart, "serving_timeline", caption=f"{note}{say_marks(marks)}".strip())


def draw_by_version(results: Sequence[Result]) -> None:
    """The same numbers for each version; resources belong to none."""
    own = [r for r in results if r.version is not None]
    names = list(dict.fromkeys(r.name for r in own))
    own.sort(key=lambda r: names.index(r.name))  # versions of one number under each other
    results_table(own, "serving_versions", first=("metric", "value", "version", "95 % interval"))
