"""Changes of level on a chart: the span in which each came shaded, the levels on either side as steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from analytics.core import Result
from analytics.words import unit_of, write_half_width, write_value
from app.charts.style import QUIET

SHADE = "rgba(122,109,178,0.20)"


def draw_levels(figure: Any, levels: Sequence[Result]) -> list[tuple[Any, str]]:
    """Draw them; their moments and words, for the rows above the chart."""
    words: list[tuple[Any, str]] = []
    for change in levels:
        start, end = _place(change)
        if start is None or end is None:
            continue
        figure.add_vrect(x0=start, x1=end, fillcolor=SHADE, line={"width": 0}, layer="below")
        at, until = _span(change)
        _step(figure, (at, until), float(change.detail["after"]))
        words.append((at, say_mark(change)))
    return words


def say_mark(change: Result) -> str:
    """Its date, and the levels before and after: 8 Apr: 0.714 → 0.621 ± 0.021."""
    unit, d = unit_of(change), change.detail
    at, _end = _span(change)
    when = f"{at.day} {at:%b}" if isinstance(at, datetime) else f"{at:,}"
    ends = write_half_width(change.low, change.high, unit, change.value)
    return f"{when}: {write_value(d['before'], unit)} → {write_value(d['after'], unit)} {ends}"


def _place(change: Result) -> tuple[Any, Any]:
    """The begins of the first and last period before which it may have come; one at least wide.

    A change inside of a period shows at one of its ends, so one period is the least that is known.
    """
    first, last = map(_read, change.detail["between"])
    if first is None or first != last:
        return first, last
    window, n = change.window, max(int(change.detail.get("n_after") or 1), 1)
    if isinstance(first, datetime):
        length = (window.end - window.start) / n if window.start and window.end else timedelta(0)
        return first - length / 2, first + length / 2
    rows = ((window.last_row or 0) + 1 - (window.first_row or 0)) / n
    return first - rows / 2, first + rows / 2


def _read(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _span(change: Result) -> tuple[Any, Any]:
    window = change.window
    if window.first_row is not None:
        return window.first_row, window.last_row
    return window.start, window.end


def _step(figure: Any, span: tuple[Any, Any], level: float) -> None:
    figure.add_shape(
        type="line", x0=span[0], x1=span[1], y0=level, y1=level, layer="below",
        line={"color": QUIET, "width": 1},
    )  # fmt: skip
