"""Which spans of a window are read from rows of days, which from rows of hours, and which are scanned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.core import Every, Scope, Window

HOUR, DAY = 3_600_000_000, 86_400_000_000  # microseconds
Span = tuple[int | None, int | None]  # microseconds since 1970 in UTC, half open; None is no end
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Spans:
    """Whole days, whole hours beside them, and the edges that cut an hour."""

    days: tuple[Span, ...] = ()
    hours: tuple[Span, ...] = ()
    edges: tuple[Span, ...] = ()


def can_answer(scope: Scope) -> bool:
    """Whether a scope can be cut into whole hours and edges: no segment, no mix, no cut by rows."""
    is_timed = not isinstance(scope.every, int) and scope.window.first_row is None
    is_free = scope.segment is None and scope.mix is None
    return is_timed and is_free and scope.as_of is None and scope.wait is None


def spans_of(window: Window, every: Every | None, *, with_hours: bool = True) -> Spans:
    """A window's whole days and hours; days are left out where hours are asked for.

    Rows without a time belong to a window without ends, and to its whole days.

    >>> spans = spans_of(Window(datetime(2024, 1, 1, 22, 30), datetime(2024, 1, 3)), None)
    >>> [(b - a) // HOUR for part in (spans.days, spans.hours) for a, b in part]
    [24, 1]
    >>> [(b - a) // 60_000_000 for a, b in spans.edges]
    [30]
    """
    start, end = (None if at is None else micros(at) for at in (window.start, window.end))
    hours = _inside((start, end), HOUR) if with_hours else None
    if every == "hour":
        return Spans(hours=(hours,) if hours else (), edges=_around((start, end), hours))
    days = _inside((start, end), DAY)
    if not days:
        return Spans(hours=(hours,) if hours else (), edges=_around((start, end), hours))
    if not hours:
        return Spans(days=(days,), edges=_around((start, end), days))
    return Spans((days,), _around(hours, days), _around((start, end), hours))


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_of(at: int) -> datetime:
    """The moment of so many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=at)


def within(name: str, spans: Iterable[Span]) -> str:
    """SQL: whether a column of microseconds lies in one of the spans."""
    found = []
    for start, end in spans:
        ends = [f"{name} >= {start}"] if start is not None else []
        ends += [f"{name} < {end}"] if end is not None else []
        found.append(f"({' AND '.join(ends)})" if ends else "true")
    return f"({' OR '.join(found)})" if found else "false"


def _inside(span: Span, unit: int) -> Span | None:
    """The whole units inside a span; None where there is none."""
    start, end = span
    first = None if start is None else -(-start // unit) * unit
    last = None if end is None else end // unit * unit
    is_empty = first is not None and last is not None and first >= last
    return None if is_empty else (first, last)


def _around(span: Span, inner: Span | None) -> tuple[Span, ...]:
    """What of a span lies before and after an inner one."""
    if inner is None:
        return (span,)
    before, after = (span[0], inner[0]), (inner[1], span[1])
    return tuple((a, b) for a, b in (before, after) if a != b)
