"""What a week of feedback says in plain sentences; every word from numbers, never from guessing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from analytics.core import Finding, Result
from analytics.words import write_count, write_day, write_interval, write_list, write_value

STALE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Work:
    """What was done with feedback in a span, and what is left."""

    n_closed: int
    n_open: int
    n_nobody: int
    oldest: datetime | None
    n_corrections: int = 0
    fixed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Week:
    """One week: its Results and the week's before, the values that stand out, and the work."""

    model: str
    end: datetime
    now: Sequence[Result]
    before: Sequence[Result]
    values: Sequence[Result]
    work: Work


def digest(week: Week) -> list[str]:
    """Five lines: how much, how bad, where, what was done, what came of it."""
    return [_how_much(week), _how_bad(week), _where(week), _done(week), _fixed(week.work)]


def _of(results: Sequence[Result], name: str) -> Result | None:
    return next((r for r in results if r.name == name and r.column is None), None)


def _number(results: Sequence[Result]) -> int:
    found = _of(results, "feedback_volume")
    return int(found.value) if found is not None and found.value is not None else 0


def _how_much(week: Week) -> str:
    n, before = _number(week.now), _number(week.before)
    day = write_day(week.end, with_year=True)
    if n == 0:
        return f"Nobody said anything of {week.model} in the week to {day}; {_items(before)} came in the week before."
    change = (
        "as many as"
        if n == before
        else f"{abs(n - before)} {'more' if n > before else 'fewer'} than"
    )
    return (
        f"{_items(n)} came in for {week.model} in the week to {day}, {change} in the week before."
    )


def _items(n: int) -> str:
    return f"{write_count(n)} item{'' if n == 1 else 's'} of feedback"


def _how_bad(week: Week) -> str:
    now, before = _of(week.now, "negative_rate"), _of(week.before, "negative_rate")
    if now is None or now.value is None:
        n = int(now.detail.get("n_rated", 0)) if now is not None else 0
        return f"{write_count(n)} of them judge a prediction: too few for a rate."
    said = f"{_rate(now)} of {write_count(now.n)} judgements were bad ({_span(now)})"
    if before is None or before.value is None or now.low is None or now.high is None:
        return f"{said}; the week before had too few to compare with."
    assert before.low is not None and before.high is not None
    if now.low > before.high or now.high < before.low:
        way = "more" if now.value > before.value else "less"
        return f"{said}, {way} than the {_rate(before)} of the week before."
    return f"{said}; {_rate(before)} in the week before, no more apart than chance allows."


def _rate(result: Result) -> str:
    return write_value(result.value, "rate")


def _span(result: Result) -> str:
    return write_interval(result.low, result.high, "rate")


def _where(week: Week) -> str:
    worst = [r for r in week.values if r.verdict in ("warning", "critical") and r.value is not None]
    if not worst:
        return "No version and no group of rows stands out."
    first = max(worst, key=lambda r: r.value or 0.0)
    value = first.detail["value"]
    name = f"version {value}" if first.column == "version" else f"{first.column} = {value}"
    rest = first.detail.get("reference")
    beside = f", beside {write_value(rest, 'rate')} elsewhere" if rest is not None else ""
    return f"It was worst for {name}: {_rate(first)} of {write_count(first.n)} ({_span(first)}){beside}."


def _done(week: Week) -> str:
    work = week.work
    if work.n_open == 0:
        return f"{write_count(work.n_closed)} were closed, and none is open."
    days = (week.end - work.oldest).days if work.oldest is not None else 0
    age = f", the oldest for {write_count(days)} days" if days >= 1 else ""
    nobody = f"; {write_count(work.n_nobody)} belong to nobody" if work.n_nobody else ""
    return f"{write_count(work.n_closed)} were closed and {write_count(work.n_open)} are open{age}{nobody}."


def _fixed(work: Work) -> str:
    sent = f"{write_count(work.n_corrections)} correction{'' if work.n_corrections == 1 else 's'} went to the labels"
    if not work.fixed_by:
        return f"{sent}; no closed item names what fixed it."
    return f"{sent}; what fixed items: {write_list(sorted(set(work.fixed_by)))}."


def speak_of_feedback(
    rate: Result | None, volume: Result | None, values: Sequence[Result], work: Work, now: datetime
) -> Finding:
    """The sentence that the inbox opens with: what users say, and how much of it waits."""
    n = int(volume.value) if volume is not None and volume.value is not None else 0
    results = tuple(r for r in (rate, volume) if r is not None)
    waiting = _waiting(work, now)
    if n == 0 and work.n_open == 0:
        return Finding(
            "Nobody has said anything yet",
            "Feedback comes in by the API, by import, and from the form beside every chart.",
            "undefined",
            0.0,
            results=results,
        )
    if rate is None or rate.value is None:
        title = f"{_items(n)}, too few judgements for a rate"
        return Finding(title, waiting, "undefined", 0.0, results=results)
    whole = f"{_rate(rate)} of {write_count(rate.n)} judgements are negative"
    title, verdict = whole, rate.verdict
    bad = [r for r in values if r.verdict in ("warning", "critical") and r.value is not None]
    if rate.verdict in ("warning", "critical") and rate.detail.get("reference") is not None:
        before = write_value(rate.detail["reference"], "rate")
        title = f"Users judge worse: {_rate(rate)} negative, {before} before"
    elif bad:
        worst = max(bad, key=lambda r: r.value or 0.0)
        name = f"{worst.column} {worst.detail['value']}"
        title, verdict = (
            f"Users are least content with {name}: {_rate(worst)} negative",
            worst.verdict,
        )
    sure = f"95 % interval {_span(rate)}."
    sentence = (
        f"{sure} {waiting}" if title == whole else f"{whole} in all ({_span(rate)}). {waiting}"
    )
    return Finding(title, sentence, verdict, 1.0, results=results)


def _waiting(work: Work, now: datetime) -> str:
    if work.n_open == 0:
        return "Nothing waits for an answer."
    days = (now - work.oldest).days if work.oldest is not None else 0
    age = f", the oldest for {write_count(days)} days" if days >= STALE_DAYS else ""
    nobody = ""
    if work.n_nobody:
        nobody = "; nobody looks after them"
        if work.n_nobody < work.n_open:
            nobody = f"; nobody looks after {write_count(work.n_nobody)} of them"
    return f"{write_count(work.n_open)} {'waits' if work.n_open == 1 else 'wait'} for an answer{age}{nobody}."
