"""Moments of periods: the end of a window of time; rows of a log without times count as seconds.

A log in file order has no clock, yet its periods follow each other: the row number stands for the
moment, counted from the year 1, so that one order and one distance serve both.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from analytics.core import Window

ZERO = datetime(1, 1, 1)
_REAL = datetime(1800, 1, 1)
SPAN = {
    "hour": timedelta(hours=6),
    "day": timedelta(days=3),
    "week": timedelta(days=8),
    "month": timedelta(days=32),
}


def end_of(window: Window) -> datetime | None:
    """The moment at which a period is over; None where it has no end."""
    if window.last_row is not None:
        return ZERO + timedelta(seconds=window.last_row + 1)
    return window.end


def row_of(moment: datetime | None) -> int | None:
    """The row that a moment stands for; None for a moment of time.

    >>> row_of(end_of(Window(first_row=0, last_row=999)))
    1000
    """
    if moment is None or moment >= _REAL:
        return None
    return round((moment - ZERO).total_seconds())


def span_of(every: str | None) -> timedelta:
    """How close two alerts of that period begin to belong together: a little over one period."""
    if every and every.endswith(("row", "rows")):
        n = int("".join(filter(str.isdigit, every)) or 1)
        return timedelta(seconds=round(1.2 * n))
    return SPAN.get(every or "", SPAN["week"])
