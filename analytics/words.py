"""Numbers, spans and verdicts in words: the same text on screen, in answers and in reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from analytics.core import Result, Verdict, Window

SHAPES: dict[Verdict, str] = {"critical": "▲", "warning": "◆", "ok": "●", "undefined": "◌"}
WORDS: dict[Verdict, str] = {
    "critical": "critical",
    "warning": "warning",
    "ok": "ok",
    "undefined": "not enough data",
}

# Shares of rows are written in per cent; scores between 0 and 1 as three decimals.
RATES = ("positive_rate", "coverage", "label_coverage", "frozen", "share")


def write_value(value: float | None, unit: str | None = None) -> str:
    """A number as it is shown: three decimals for scores, per cent for rates, else three digits.

    >>> write_value(0.68012, "score"), write_value(0.0312, "rate"), write_value(23.456, "label")
    ('0.680', '3.1 %', '23.5')
    """
    if value is None:
        return "–"
    if unit == "count":
        return f"{value:,.0f}"
    if unit == "ms":
        return f"{value:,.{0 if value >= 100 else 1}f} ms"
    if unit in ("share", "score", "nats"):
        return f"{value:.3f}".replace("-", "−")
    if unit == "per_s":
        return _write_pace(value)
    if unit == "s":
        return _write_time(value)
    if unit == "count":
        return f"{value:,.0f}"
    if unit == "percent":
        return f"{value:.1f} %"
    if unit == "MB":
        return f"{value:,.0f} MB"
    if unit == "rate":
        text = f"{100 * value:.{1 if abs(value) >= 0.001 or value == 0 else 2}f} %"
        return text.replace("-", "−")
    if value != 0 and (abs(value) >= 1e6 or abs(value) < 1e-3):
        return f"{value:.3g}".replace("-", "−")
    return f"{value:,.{_digits(value)}f}".replace("-", "−")


def pace_of(value: float) -> tuple[int, str]:
    """(seconds, name) of the shortest unit of time in which one event or more happens.

    >>> pace_of(0.004)
    (3600, 'h')
    """
    units = ((1, "s"), (60, "min"), (3600, "h"), (86400, "day"))
    return next((unit for unit in units if value * unit[0] >= 1), units[-1])


def _write_pace(value: float, like: float | None = None) -> str:
    seconds, name = pace_of(value if like is None else like)
    count = value * seconds
    return f"{count:,.{0 if count >= 100 else 1}f} /{name}"


def _write_time(seconds: float) -> str:
    for size, name in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:,.1f} {name}"
    return f"{seconds:.{1 if abs(seconds) < 10 else 0}f} s"


def _digits(value: float) -> int:
    return 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 3


def unit_of(result: Result) -> str:
    """The unit a Result is written in: rates of rows in per cent, scores as they are.

    >>> unit_of(Result("missing_rate", 0.1, 10, "ok", Window()))
    'rate'
    """
    if result.name in RATES or result.name.endswith("_rate"):
        return "rate"
    if result.name == "freshness":
        return "s"
    if result.name == "volume":
        return "label"
    return str(result.detail.get("unit", "score"))


def _write_like(value: float, like: float, unit: str | None) -> str:
    """A width or a difference with the decimals of the number it belongs to."""
    if (
        unit in ("share", "score", "nats", "rate", "ms", "percent", "MB", "per_s", "count")
        or abs(like) < 10
    ):
        return write_value(value, unit)
    return f"{value:,.{_digits(like)}f}".replace("-", "−")


def write_change(change: float | None, unit: str | None = None, like: float | None = None) -> str:
    """A difference with its sign, in the decimals of ``like``; of rates in points.

    >>> write_change(-0.04, "score"), write_change(0.0223, "rate")
    ('−0.040', '+2.2 pts')
    """
    if change is None:
        return ""
    size = _write_like(abs(change), change if like is None else like, unit)
    if unit == "rate":
        size = size.replace(" %", " pts")
    is_zero = not any(c in "123456789" for c in size)
    return f"{'±' if is_zero else '+' if change > 0 else '−'}{size}"


def write_amount(size: float, unit: str | None = None, like: float | None = None) -> str:
    """The size of a change in a sentence: of shares in points, else in the decimals of ``like``.

    >>> write_amount(0.0312, "share"), write_amount(0.0312, "score"), write_amount(3.676, "label", 23.3)
    ('3.1', '0.031', '3.7')
    """
    if unit in ("share", "rate"):
        return f"{100 * size:.{1 if size >= 0.001 or size == 0 else 2}f}"
    return _write_like(size, size if like is None else like, unit)


def short_name(name: str | None, most: int = 14) -> str:
    """A name short enough for a chart, its marks harmless there.

    >>> short_name("<b>v2"), short_name("churn-2026-11-23-rc1")
    ('&lt;b&gt;v2', 'churn-2026-11…')
    """
    text = name or "all"
    text = text if len(text) <= most else f"{text[: most - 1]}…"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def write_period(window: Window) -> str:
    """A window as a label: 8 to 14 September, 31 December, September, rows 0 to 4,999."""
    if window.first_row is not None and window.last_row is not None:
        return f"rows {write_count(window.first_row)} to {write_count(window.last_row)}"
    if window.start is None or window.end is None:
        return "the whole log"
    start, last = window.start, window.end - timedelta(microseconds=1)
    if window.end - start < timedelta(days=1) and start.date() == last.date():
        return f"{write_day(start)} {start:%H:%M}"
    if start.date() == last.date():
        return write_day(start)
    is_months = (start.day, start.hour, window.end.day, window.end.hour) == (1, 0, 1, 0)
    if is_months and (start.year, start.month) == (last.year, last.month):
        return f"{start:%B}"
    if start.year != last.year:
        return f"{write_day(start, with_year=True)} to {write_day(last, with_year=True)}"
    if start.month == last.month:
        return f"{start.day} to {write_day(last)}"
    return f"{write_day(start)} to {write_day(last)}"


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


def write_half_width(
    low: float | None, high: float | None, unit: str | None = None, like: float | None = None
) -> str:
    """Half the interval's width as plus-minus, in the decimals of ``like`` or of its larger end.

    >>> write_half_width(0.674, 0.686, "score")
    '± 0.006'
    """
    if low is None or high is None:
        return ""
    if unit == "per_s":
        return f"± {_write_pace((high - low) / 2, low).partition(' ')[0]}"
    size = max(abs(low), abs(high)) if like is None else abs(like)
    if unit == "s":
        return f"± {_write_time((high - low) / 2)}"
    text = _write_like((high - low) / 2, size, unit)
    return f"± {text.removesuffix(' %').removesuffix(' ms').removesuffix(' MB')}"


def write_day(moment: datetime, *, with_year: bool = False) -> str:
    """A date as people say it: 31 December."""
    return f"{moment.day} {moment:%B}" + (f" {moment.year}" if with_year else "")


def write_moment(moment: datetime, zone: str = "UTC") -> str:
    """A moment (naive UTC) in a zone, which is named.

    >>> write_moment(datetime(2013, 12, 31, 23, 59))
    '31 Dec 2013 23:59 UTC'
    >>> write_moment(datetime(2013, 12, 31, 23, 59), "America/New_York")
    '31 Dec 2013 18:59 EST'
    """
    local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y %H:%M} {local:%Z}"


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
    if start.year != last.year and last - start > timedelta(days=330):
        return f"from {write_day(start, with_year=True)} to {write_day(last, with_year=True)}"
    if (start.year, start.month) == (last.year, last.month):
        return f"from {start.day} to {write_day(last, with_year=with_year)}"
    return f"from {write_day(start)} to {write_day(last, with_year=with_year)}"
