"""Numbers, spans and verdicts in words: the same text on screen, in answers and in reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from analytics.core import Verdict, Window

SHAPES: dict[Verdict, str] = {"critical": "▲", "warning": "◆", "ok": "●", "undefined": "◌"}
WORDS: dict[Verdict, str] = {
    "critical": "critical",
    "warning": "warning",
    "ok": "ok",
    "undefined": "not enough data",
}


def write_value(value: float | None, unit: str | None = None) -> str:
    """A number as it is shown: three decimals for scores, per cent for rates, else three digits.

    >>> write_value(0.68012, "score"), write_value(0.0312, "rate"), write_value(23.456, "label")
    ('0.680', '3.1 %', '23.5')
    """
    if value is None:
        return "–"
    if unit in ("share", "score", "nats"):
        return f"{value:.3f}"
    if unit == "rate":
        return f"{100 * value:.{1 if abs(value) >= 0.001 or value == 0 else 2}f} %"
    if value != 0 and (abs(value) >= 1e6 or abs(value) < 1e-3):
        return f"{value:.3g}"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 3
    return f"{value:,.{digits}f}"


def write_count(n: int) -> str:
    """A count with thousands separated.

    >>> write_count(89905)
    '89,905'
    """
    return f"{n:,}"


def write_interval(low: float | None, high: float | None, unit: str | None = None) -> str:
    """Both ends of an interval; empty without one.

    >>> write_interval(0.674, 0.686, "score")
    '0.674 to 0.686'
    """
    if low is None or high is None:
        return ""
    return f"{write_value(low, unit)} to {write_value(high, unit)}"


def write_half_width(low: float | None, high: float | None, unit: str | None = None) -> str:
    """Half the interval's width as plus-minus.

    >>> write_half_width(0.674, 0.686, "score")
    '± 0.006'
    """
    if low is None or high is None:
        return ""
    text = write_value((high - low) / 2, unit)
    return f"± {text.removesuffix(' %')}"


def write_day(moment: datetime, *, with_year: bool = False) -> str:
    """A date as people say it: 31 December."""
    return f"{moment.day} {moment:%B}" + (f" {moment.year}" if with_year else "")


def write_moment(moment: datetime) -> str:
    """A moment with its zone: 31 Dec 2013 23:59 UTC."""
    return f"{moment.day} {moment:%b %Y %H:%M} UTC"


def write_list(names: Sequence[str], most: int = 3) -> str:
    """A few names and how many more.

    >>> write_list(["temp", "dewp", "humid", "visib", "precip"])
    'temp, dewp, humid and 2 more'
    """
    if len(names) <= most:
        return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def write_span(window: Window, *, is_last: bool = False, with_year: bool = False) -> str:
    """When something was so: in September, on 31 December, since 8 September, rows 0 to 4,999."""
    if window.first_row is not None and window.last_row is not None:
        return f"in rows {write_count(window.first_row)} to {write_count(window.last_row)}"
    if window.start is None or window.end is None:
        return "over the whole log"
    start, end = window.start, window.end
    last = end - timedelta(microseconds=1)
    is_months = (start.day, start.hour, end.day, end.hour) == (1, 0, 1, 0)
    year = f" {last.year}" if with_year else ""
    if is_months and start.month == last.month and start.year == last.year:
        return f"in {start:%B}{year}"
    if start.date() == last.date():
        return f"on {write_day(start, with_year=with_year)}"
    if is_last:
        return f"since {write_day(start, with_year=with_year)}"
    if is_months:
        return f"from {start:%B} to {last:%B}{year}"
    return f"from {write_day(start)} to {write_day(last, with_year=with_year)}"
