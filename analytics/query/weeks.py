"""Weeks put together of days: in a round of monitors what is asked by day and by week is scanned once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from analytics.core import Scope
from analytics.query.engine import Engine

T = TypeVar("T")
Key = tuple[int | None, str | None]
_DAY = 86_400_000_000  # microseconds
_WEEK, _MONDAY = 7 * _DAY, 4 * _DAY  # the first Monday after 1 January 1970


def in_days(engine: Engine, scope: Scope) -> Scope:
    """The scope by day where its weeks are to be put together of days, else as it is.

    Only in a round, in which a statement that was run before is answered from memory.
    """
    if engine.is_remembering and scope.every == "week" and scope.wait is None:
        return replace(scope, every="day")
    return scope


def week_of(day: Any) -> Any:
    """The Monday of days, all of them in microseconds since 1970.

    >>> [week_of(d * _DAY) // _DAY for d in (-4, -3, 3, 4, 10)]
    [-10, -3, -3, 4, 4]
    """
    return (day - _MONDAY) // _WEEK * _WEEK + _MONDAY


def put_together(
    asked: Scope, scope: Scope, found: Mapping[Key, T], add: Callable[[T, T], T]
) -> dict[Key, T]:
    """What was found of ``asked``, by the periods of ``scope``."""
    if asked is scope:
        return dict(found)
    weeks: dict[Key, T] = {}
    for (period, version), value in found.items():
        key = (None if period is None else week_of(period), version)
        weeks[key] = add(weeks[key], value) if key in weeks else value
    return weeks


def add_counts(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[Any, ...]:
    """Counts of the same things, summed."""
    return tuple(a + b for a, b in zip(one, other, strict=True))
