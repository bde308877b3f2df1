"""The number that raised an incident over time, with the incident's span marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics.core import Result
from app.charts.series import Look, series_chart
from app.charts.style import GREY, Chart

SPAN = "rgba(249,112,102,0.13)"


def incident_chart(
    results: Sequence[Result], look: Look, span: tuple[Any, Any], *, is_quiet: bool = False
) -> Chart | None:
    """The series with a tinted span, grey where it did no harm.

    The ends of the span are moments, or rows of a log without times; None is the chart's own end.
    """
    chart = series_chart(results, look)
    if chart is None:
        return None
    ends: list[Any] = [r.window.end or r.window.last_row for r in results if r.value is not None]
    starts: list[Any] = [
        r.window.start or r.window.first_row for r in results if r.value is not None
    ]
    low = span[0] if span[0] is not None else min(starts, default=None)
    high = span[1] if span[1] is not None else max(ends, default=None)
    if low is not None and high is not None:
        chart.figure.add_vrect(
            x0=low, x1=high, fillcolor=GREY if is_quiet else SPAN, line_width=0, layer="below"
        )
    return chart
