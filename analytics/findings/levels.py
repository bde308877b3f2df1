"""Changes of level in words, and added to a page's first sentence where they matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from analytics.core import Finding, Result
from analytics.findings.find import span_of
from analytics.words import (
    unit_of,
    write_change,
    write_count,
    write_day,
    write_half_width,
    write_value,
)


def found_levels(changes: Sequence[Result]) -> list[Result]:
    """Those that are changes, not the answer that there is none."""
    return [c for c in changes if c.value is not None and "between" in c.detail]


def say_size(change: Result) -> str:
    """By how much, with its interval: −0.093 ± 0.021."""
    unit = unit_of(change)
    ends = write_half_width(change.low, change.high, unit, change.value)
    return f"{write_change(change.value, unit)} {ends}".strip()


def say_place(change: Result) -> str:
    """Between which moments or rows it came (95 %)."""
    first, last = change.detail["between"]
    if isinstance(first, int) or isinstance(last, int):
        return (
            f"around row {write_count(first)}"
            if first == last
            else f"between rows {write_count(first)} and {write_count(last)}"
        )
    ends = [datetime.fromisoformat(str(end)) for end in (first, last)]
    if ends[0] == ends[1]:
        return f"around {_moment(ends[0], with_year=True)}"
    is_same_year = ends[0].year == ends[1].year
    before = _moment(ends[0], with_year=not is_same_year)
    return f"between {before} and {_moment(ends[1], with_year=True)}"


def say_level(change: Result) -> str:
    """One change in a sentence."""
    unit, d = unit_of(change), change.detail
    verb = "fell" if (change.value or 0.0) < 0 else "rose"
    return (
        f"The level of {d.get('label', change.name)} {verb} from {write_value(d['before'], unit)} to"
        f" {write_value(d['after'], unit)} ({say_size(change)}) {say_place(change)}"
    )


def with_level(opening: Finding, changes: Sequence[Result]) -> Finding:
    """The finding with the change of level that belongs to it, where one does.

    A fall that is a finding gets the last change for worse that had begun by its end; where nothing
    is wrong, or nothing can be compared, the last change is told if it is beyond the tolerance.
    """
    if not opening.results or opening.page not in (None, "", "performance"):
        return opening
    mine = [c for c in found_levels(changes) if c.name == opening.results[0].name and _is_large(c)]
    if opening.verdict in ("warning", "critical"):
        end = span_of([r for r in opening.results if r.name == opening.results[0].name]).end
        mine = [c for c in mine if _is_worse(c) and _began(c, end)]
    if not mine:
        return opening
    return replace(opening, sentence=f"{opening.sentence} {say_level(mine[-1])}.")


def _is_large(change: Result) -> bool:
    tolerance = change.detail.get("tolerance")
    if not tolerance:
        return False
    is_share = unit_of(change) in ("share", "score")
    scale = 1.0 if is_share else abs(float(change.detail["before"]))
    return abs(change.value or 0.0) >= float(tolerance[0]) * scale


def _is_worse(change: Result) -> bool:
    better, size = change.detail.get("better"), change.value or 0.0
    return (size < 0) == (better == "higher") if better in ("higher", "lower") else True


def _began(change: Result, end: datetime | None) -> bool:
    start = change.window.start
    return start is None or end is None or start < end


def _moment(moment: datetime, *, with_year: bool) -> str:
    day = write_day(moment, with_year=with_year)
    is_whole = (moment.hour, moment.minute) == (0, 0)
    return day if is_whole else f"{moment:%H:%M} on {day}"
