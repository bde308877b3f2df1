"""How long the periods of a window are: neither one point nor thousands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analytics.query.groups import Group

PERIODS = ("hour", "day", "week", "month")
ROW_STEPS = (100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000)
MOST_PERIODS = 400


def say_every(every: str) -> str:
    """The period in words: week, 5,000 rows."""
    return every if every in PERIODS else f"{int(every.removesuffix('rows')):,} rows"


def options_of(now: Group | None, *, has_times: bool) -> Sequence[str]:
    """The periods that suit the rows of a window."""
    rows = _rows_every(now)
    days = _days(now, has_times=has_times)
    if days is None:
        return [rows]
    lengths = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.0}
    fitting = [p for p in PERIODS if 2 <= days / lengths[p] <= MOST_PERIODS]
    return [*(fitting or ["hour"]), rows]


def default_of(now: Group | None, *, has_times: bool) -> str:
    """Days in a window of weeks, weeks in one of months, months in one of years."""
    days = _days(now, has_times=has_times)
    if days is None:
        return _rows_every(now)
    wanted = "hour" if days <= 3 else "day" if days <= 45 else "week" if days <= 800 else "month"
    options = options_of(now, has_times=has_times)
    return wanted if wanted in options else options[0]


def _days(now: Group | None, *, has_times: bool) -> float | None:
    if not has_times or now is None or now.first is None or now.last is None:
        return None
    return max((now.last - now.first).total_seconds() / 86400.0, 0.05)


def _rows_every(now: Group | None) -> str:
    n = now.n if now else 1000
    return f"{next((step for step in ROW_STEPS if n / step <= 60), ROW_STEPS[-1])}rows"
