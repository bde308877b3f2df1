"""Weekdays, hours and zones as people choose them."""

from __future__ import annotations

from datetime import time

from app.state.spans import A_DAY

ZONES = (
    "UTC", "Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles",
    "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney",
)  # fmt: skip
NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def say_days(day: str) -> str:
    """The name of a weekday's number.

    >>> say_days("0")
    'Monday'
    """
    return NAMES[int(day)]


def minutes_between(begin: time, end: time) -> tuple[int, int]:
    """Start in minutes after midnight and the length until the end, which may be the next day's.

    >>> minutes_between(time(22), time(7)), minutes_between(time(9), time(9))
    ((1320, 540), (540, 1440))
    """
    start, last = begin.hour * 60 + begin.minute, end.hour * 60 + end.minute
    return start, (last - start) % A_DAY or A_DAY
