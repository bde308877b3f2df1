"""From plain words (a link, a form, a command line) to the Question that analytics answers.

Windows are written ``A..B`` (UTC dates or times, either end may be empty), ``7d``, ``30d``,
``all``, or ``0..4999rows``. References are ``imported``, ``previous``, ``none``, ``version:NAME``,
``rest`` (the window's rows outside the segment), ``segment:TEXT`` (those of another segment) or a
window.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from analytics.core import Dataset, Every, Question, Scope, Segment, Window
from analytics.errors import UsageError
from analytics.query.segment import parse_segment

_RELATIVE = re.compile(r"(\d+)([hdw])")
_ROWS = re.compile(r"(\d+)\.\.(\d+)rows")
_EVERY_ROWS = re.compile(r"(\d+)rows?")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of a question; None or empty means the default.

    ``is_rest`` asks about the rows outside the segment; ``min_rows`` is what a slice or a group needs;
    ``wait`` is for how many periods labels may come; ``is_exact`` answers are never from a summary.
    """

    version: str | None = None
    window: str | None = None
    reference: str | None = None
    segment: str | None = None
    as_of: str | None = None
    every: str | None = None
    names: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    by_version: bool = False
    is_rest: bool = False
    min_rows: int | None = None
    wait: int | None = None
    is_exact: bool = False


def clock(dataset: Dataset, wall: datetime) -> datetime:
    """The moment questions are asked at: the log's end in demo and replay, else the wall clock.

    A log is replayed while every import of it came more than a week after its events; one that
    was ever live stays so, and falls silent on the wall clock.
    """
    last = dataset.last_event
    is_past = dataset.is_sample or dataset.is_replayed
    return last if last is not None and is_past else wall


def build_question(dataset: Dataset, asked: Asked, now: datetime) -> Question:
    """The Question behind the words; UsageError says which word cannot be read."""
    as_of = parse_time(asked.as_of) if asked.as_of else None
    moment = as_of or now
    window = parse_window(asked.window, moment)
    scope = Scope(
        window=window,
        version=asked.version or None,
        segment=_segment(dataset, asked),
        as_of=as_of,
        every=parse_every(asked.every, dataset),
        by_version=asked.by_version,
        wait=asked.wait,
    )
    reference = _reference(dataset, asked.reference, scope, moment)
    question = Question(scope, reference, asked.names, asked.columns, min_rows=asked.min_rows)
    return replace(question, is_exact=asked.is_exact)


def _segment(dataset: Dataset, asked: Asked) -> Segment | None:
    found = parse_segment(asked.segment, dataset.schema)
    return replace(found, is_rest=True) if found is not None and asked.is_rest else found


def parse_time(text: str) -> datetime:
    """An ISO date or time as naive UTC."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not a date or time.", "", "Write 2013-04-01 or 2013-04-01T18:30 (UTC)."
        ) from error
    if moment.tzinfo is not None:
        moment = (moment - (moment.utcoffset() or timedelta())).replace(tzinfo=None)
    return moment


def parse_window(text: str | None, now: datetime) -> Window:
    """A window in words; relative ones end just after ``now``."""
    text = (text or "all").strip()
    if text == "all":
        return Window()
    if match := _ROWS.fullmatch(text):
        return Window(first_row=int(match[1]), last_row=int(match[2]))
    if match := _RELATIVE.fullmatch(text):
        end = now + timedelta(microseconds=1)
        return Window(end - timedelta(**{_UNITS[match[2]]: int(match[1])}), end)
    start, separator, end_text = text.partition("..")
    if not separator:
        raise UsageError(
            f"{text!r} is not a window.",
            "",
            "Write A..B with dates (either may be empty), 7d, 30d, 90d, all, or 0..4999rows.",
        )
    window = Window(
        parse_time(start) if start.strip() else None,
        parse_time(end_text) if end_text.strip() else None,
    )
    if window.start and window.end and window.start >= window.end:
        raise UsageError(
            f"The window {text!r} is empty.", "It ends before it starts.", "Swap its ends."
        )
    return window


def parse_every(text: str | None, dataset: Dataset) -> Every | None:
    """Periods: hour, day, week, month or ``5000rows``; None for one period."""
    if not text or text == "none":
        return None
    if match := _EVERY_ROWS.fullmatch(text):
        if int(match[1]) < 1:
            raise UsageError("A period has at least one row.", "", "Write --every 5000rows.")
        return int(match[1])
    if text in ("hour", "day", "week", "month"):
        if dataset.schema.columns and not dataset.schema.has("timestamp"):
            raise UsageError(
                f"{dataset.model} has no timestamps, so it cannot be cut by {text}.",
                "Its rows stand in file order.",
                "Cut by rows: --every 5000rows.",
            )
        return text  # type: ignore[return-value]
    raise UsageError(f"{text!r} is not a period.", "", "Write hour, day, week, month or 5000rows.")


def _reference(dataset: Dataset, text: str | None, scope: Scope, now: datetime) -> Scope | None:
    has_imported = bool(dataset.log("predictions", "reference").parts)
    text = (text or ("imported" if has_imported else "none")).strip()
    if text == "none":
        return None
    if text == "imported":
        if not has_imported:
            raise UsageError(
                f"{dataset.model} has no imported reference.",
                "",
                "Import one: telltale import FILE --model NAME --as reference; or use previous or A..B.",
            )
        return Scope("reference", segment=scope.segment)
    if text == "rest":
        if scope.segment is None:
            raise UsageError(
                "There is no rest to compare with.",
                "The rest is the rows outside a segment, and no segment was named.",
                "Name one: --segment \"origin = 'JFK'\".",
            )
        rest = replace(scope.segment, is_rest=not scope.segment.is_rest)
        return replace(scope, segment=rest, every=None, by_version=False)
    if text.startswith("segment:"):
        other = parse_segment(text[8:], dataset.schema)
        return replace(scope, segment=other, every=None, by_version=False)
    if text.startswith("version:"):
        return Scope(
            window=scope.window, version=text[8:], segment=scope.segment, as_of=scope.as_of
        )
    window = (
        previous_window(dataset, scope.window) if text == "previous" else parse_window(text, now)
    )
    return Scope(window=window, version=scope.version, segment=scope.segment, as_of=scope.as_of)


def previous_window(dataset: Dataset, window: Window) -> Window:
    """The window of the same length that ends where this one starts."""
    if window.first_row is not None and window.last_row is not None:
        length = window.last_row - window.first_row + 1
        if window.first_row < length:
            raise UsageError(
                "There is no earlier window of the same length.", "", "Choose a reference A..B."
            )
        return Window(first_row=window.first_row - length, last_row=window.first_row - 1)
    last = dataset.last_event
    end = window.end or (last + timedelta(microseconds=1) if last else None)
    if window.start is None or end is None:
        raise UsageError(
            "The whole log has nothing before it to compare with.",
            "",
            "Choose a window (--window 30d) or a reference A..B.",
        )
    return Window(window.start - (end - window.start), window.start)
