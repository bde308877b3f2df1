"""Spans of time that come again every week, in the hours of a zone: quiet hours, maintenance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from analytics.errors import UsageError

DAYS = "0123456"  # Monday to Sunday
A_DAY = 24 * 60
MOST_IN_A_ROW = 8


@dataclass(frozen=True, slots=True)
class Weekly:
    """From ``start`` (minutes after midnight) for ``minutes``, on the weekdays it begins on.

    >>> night = Weekly("0123456", 22 * 60, 9 * 60, "Europe/Berlin")
    >>> night.until(datetime(2026, 7, 1, 21, 30))  # 23:30 in Berlin, until 7:00 there
    datetime.datetime(2026, 7, 2, 5, 0)
    >>> night.until(datetime(2026, 7, 1, 12, 0)) is None
    True
    """

    days: str
    start: int
    minutes: int
    zone: str

    def until(self, moment: datetime) -> datetime | None:
        """The end (UTC) of the span that a moment (UTC) lies in; None outside."""
        zone = ZoneInfo(self.zone)
        local = moment.replace(tzinfo=UTC).astimezone(zone)
        for back in (0, 1):
            day = local.date() - timedelta(days=back)
            if str(day.weekday()) not in self.days:
                continue
            begin = datetime.combine(day, time(self.start // 60, self.start % 60), zone)
            end = (begin.replace(tzinfo=None) + timedelta(minutes=self.minutes)).replace(
                tzinfo=zone
            )
            if begin <= local < end:
                return end.astimezone(UTC).replace(tzinfo=None)
        return None

    def free_from(self, moment: datetime) -> datetime:
        """The first moment from this one on that lies in no span."""
        for _ in range(MOST_IN_A_ROW):
            end = self.until(moment)
            if end is None:
                break
            moment = end
        return moment

    def say(self) -> str:
        """In words: Mon, Tue from 22:00 for 9 h (Europe/Berlin)."""
        names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        days = "every day" if self.days == DAYS else ", ".join(names[int(d)] for d in self.days)
        hours, minutes = divmod(self.minutes, 60)
        length = f"{hours} h" if not minutes else f"{hours} h {minutes} min"
        return (
            f"{days} from {self.start // 60:02d}:{self.start % 60:02d} for {length} ({self.zone})"
        )


def check_span(span: Weekly) -> Weekly:
    """The span itself; UsageError where it is none."""
    days = "".join(sorted(set(span.days)))
    is_plain = days and set(days) <= set(DAYS) and 0 <= span.start < A_DAY
    if not is_plain or not 1 <= span.minutes <= A_DAY:
        raise UsageError(
            "That is no span of a week.", "It lasts up to a day and begins on some weekday.",
            "Choose days, a start and an end.",
        )  # fmt: skip
    try:
        ZoneInfo(span.zone)
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(f"There is no time zone {span.zone!r}.", "", "Such as UTC.") from error
    return Weekly(days, span.start, span.minutes, span.zone)
