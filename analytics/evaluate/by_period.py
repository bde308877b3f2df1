"""Questions cut by time, of which only the periods are worked out whose rows, labels or reference changed.

A period's answers rest on its rows, on their labels and on the reference: what stamps them is made of the
parts that its days touch, of a sum over the labels of its hours, and of the same of the reference. Questions
for whose answers that does not hold are worked out whole, as are those asked outside of a round.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from analytics.catalog import all_quality_checks
from analytics.core import Dataset, Estimate, Part, Question, Result, Scope, Window
from analytics.evaluate.drift import drift_columns
from analytics.evaluate.multivariate import chosen_tests
from analytics.evaluate.serving import NAMES
from analytics.query.aligned import Rows, name_of
from analytics.query.engine import Engine
from analytics.query.frame import touched
from analytics.query.groups import period_end
from analytics.query.hours import mark_hours
from analytics.stats.decision import decide
from analytics.summaries.answers import Answers, answers_of

Work = Callable[[Engine, Dataset, Question], list[Result]]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_EPOCH = datetime(1970, 1, 1)
MOST_SPANS = 3  # of periods in a row that are asked anew one by one: more are asked at once


@dataclass(frozen=True, slots=True)
class Period:
    """One period of a question: from, to (as the window cuts it), and the stamp of what it rests on."""

    start: datetime
    end: datetime
    stamp: str


def answer_by_period(
    engine: Engine, dataset: Dataset, question: Question, work: Work, kind: str
) -> list[Result]:
    """What ``work`` says, of which only periods are worked out that are not as they were.

    ``kind`` is "drift", "estimate", "serving", "quality", or "live quality", whose freshness is asked of
    a clock: it is asked anew, as volume is, which rests on earlier periods, and the verdicts of their
    families are taken again with them.
    """
    if kind in ("quality", "live quality"):
        always = ("volume", "freshness") if kind == "live quality" else ("volume",)
        return _quality(engine, dataset, question, work, always)
    is_apart = {  # a family is one of a period, and nothing is learned of all periods at once
        "estimate": dataset.schema.task != "regression",
        "serving": bool(question.names) and set(question.names) <= set(NAMES),
    }
    if not is_apart.get(kind, True):
        return work(engine, dataset, question)
    if kind == "drift" and question.columns:
        return _drift_of_some(engine, dataset, question, work)
    return _by_period(engine, dataset, question, work, kind)


def _drift_of_some(
    engine: Engine, dataset: Dataset, question: Question, work: Work
) -> list[Result]:
    """Drift of some columns, whose verdicts are taken with all others: what is kept of all holds it."""
    known = {c.name for c in drift_columns(dataset)}
    if chosen_tests(question) or not known.issuperset(question.columns):
        return _by_period(engine, dataset, question, work, "drift")
    found = _by_period(engine, dataset, replace(question, columns=()), work, "drift")
    return [r for r in found if r.column in question.columns]


def _quality(
    engine: Engine, dataset: Dataset, question: Question, work: Work, always: Sequence[str]
) -> list[Result]:
    """Data quality, of which some checks are asked ``always``: they read few rows, and no period alone."""
    names = question.names
    chosen = [c.name for c in all_quality_checks() if not names or c.name in names]
    anew = tuple(name for name in chosen if name in always)
    rest = tuple(n for n in chosen if n not in anew and (n != "frozen" or n in names))
    if not rest or not _is_cut_by_time(dataset, question):
        return work(engine, dataset, question)
    if not anew:
        return _by_period(engine, dataset, question, work, "quality")
    families: dict[object, list[Result]] = {}
    for r in work(engine, dataset, replace(question, names=anew)):
        families.setdefault((r.window, r.version), []).append(r)
    for r in _by_period(engine, dataset, replace(question, names=rest), work, "quality"):
        families.setdefault((r.window, r.version), []).append(r)

    def place(r: Result) -> int:
        return -1 if r.column is not None else chosen.index(r.name)

    return [r for family in families.values() for r in _decided(sorted(family, key=place))]


def _decided(family: Sequence[Result]) -> list[Result]:
    """The verdicts of a family that was put together of two."""
    verdicts = decide(
        [(Estimate(r.value, detail=r.detail), tuple(r.detail["tolerance"])) for r in family]
    )
    return [
        replace(r, verdict=verdict, detail={**r.detail, "p_adjusted": p})
        for r, (verdict, p) in zip(family, verdicts, strict=True)
    ]


def _by_period(
    engine: Engine, dataset: Dataset, question: Question, work: Work, kind: str
) -> list[Result]:
    """What was kept of periods that are as they were, and what ``work`` says of the others."""
    answers, periods = None, None
    if _is_cut_by_time(dataset, question):
        answers = answers_of(engine, dataset, *_facts(engine, dataset, question, kind))
    if answers is not None:
        periods = _periods(engine, dataset, question, kind)
    if answers is None or not periods:
        return work(engine, dataset, question)
    known = {p.start: answers.get(p.stamp) for p in periods}
    lacking = [i for i, p in enumerate(periods) if known[p.start] is None]
    for first, last in _spans(lacking, len(periods)):
        asked = _narrowed(question, periods[first], periods[last])
        if len(lacking) == len(periods):
            asked = question
        by_start: dict[datetime | None, list[Result]] = {}
        for r in work(engine, dataset, asked):
            by_start.setdefault(r.window.start, []).append(r)
        for period in periods[first : last + 1]:
            found = by_start.get(_floor(period.start, question.scope), [])
            if known[period.start] is None:
                _put(answers, period, question.scope, found)
            known[period.start] = found
    answers.close([p.stamp for p in periods])
    return [r for p in periods for r in known[p.start] or ()]


def _put(answers: Answers, period: Period, scope: Scope, found: Sequence[Result]) -> None:
    start = _floor(period.start, scope)
    answers.put(period.stamp, Window(start, period_end(start, str(scope.every))), found)


def _is_cut_by_time(dataset: Dataset, question: Question) -> bool:
    """Whether every row lies in a period of time that stands on whole hours, as known now."""
    scope, log = question.scope, dataset.log("predictions", question.scope.log)
    whole_hours = all(
        t is None or (t - _EPOCH) % HOUR == timedelta()
        for t in (scope.window.start, scope.window.end)
    )
    return (
        scope.every in ("hour", "day", "week", "month")
        and (scope.as_of, scope.wait, scope.mix) == (None, None, None)
        and (question.reference is None or question.reference.as_of is None)
        and whole_hours
        and bool(log.parts)
        and all(part.start is not None for part in log.parts if part.n_rows)
    )


def _facts(engine: Engine, dataset: Dataset, question: Question, kind: str) -> tuple[object, ...]:
    """Everything that all periods rest on."""
    scope, reference = question.scope, question.reference
    logs = [
        (name, log.columns, log.is_unique)
        for (name, of), log in sorted(dataset.logs.items())
        if of in ("predictions", "labels")
    ]
    about = (dataset.schema, dataset.label_precedence, dataset.is_sample, logs)
    against = () if reference is None else (_rests_on(engine, dataset, reference), reference.window)
    asked = replace(question, scope=replace(scope, window=Window()), thresholds={})
    return kind, about, against, asked, sorted(question.thresholds.items())


def _rests_on(engine: Engine, dataset: Dataset, scope: Scope) -> tuple[object, ...]:
    """The parts and labels that a scope reads."""
    log, window = dataset.log("predictions", scope.log), scope.window
    parts = sorted(map(_told, touched(log, scope)))
    if scope.log == "reference" or window.first_row is not None or window.is_whole:
        return tuple(parts), Rows(dataset, scope.log).key
    hours = mark_hours(engine, dataset, scope.log) or {}
    labels = [
        mark
        for hour, mark in hours.items()
        if (window.start is None or hour + HOUR > window.start)
        and (window.end is None or hour < window.end)
    ]
    return tuple(parts), tuple(labels)


def _told(part: Part) -> str:
    """A part as a text: its name wherever the home stands, its content, and what the manifest says."""
    return repr((name_of(part), part.n_rows, part.start, part.end, part.mapping, part.file_types))


def _periods(
    engine: Engine, dataset: Dataset, question: Question, kind: str
) -> list[Period] | None:
    """The periods that have rows, in order; None where some row has no time."""
    scope = question.scope
    hours = mark_hours(engine, dataset, scope.log)
    if hours is None:
        return None
    parts = _by_day(dataset, scope)
    marks: dict[datetime, list[str]] = {}
    for hour, mark in hours.items():
        if not _is_outside(hour, scope.window):
            marks.setdefault(_floor(hour, scope), []).append(mark)
    is_timed = kind == "serving"  # throughput is of the time that the log covers
    reach = Window(dataset.first_event, dataset.last_event) if is_timed else Window()
    return [_period(scope, start, (parts, mine, reach)) for start, mine in marks.items()]


def _period(
    scope: Scope,
    floor: datetime,
    rests: tuple[Mapping[datetime, Sequence[str]], Sequence[str], Window],
) -> Period:
    parts, marks, reach = rests
    window, end = scope.window, period_end(floor, str(scope.every))
    start, end = max(floor, window.start or floor), min(end, window.end or end)
    covered = (max(start, reach.start or start), min(end, reach.end or end))
    days = []
    day = datetime.combine(floor.date(), datetime.min.time())
    while day < end:
        days.append(tuple(parts.get(day, ())))
        day += DAY
    told = repr((start, end, covered, days, marks))
    return Period(start, end, hashlib.blake2b(told.encode(), digest_size=15).hexdigest())


def _by_day(dataset: Dataset, scope: Scope) -> dict[datetime, list[str]]:
    """The parts that each day touches."""
    found: dict[datetime, list[str]] = {}
    for part in sorted(touched(dataset.log("predictions", scope.log), scope), key=_told):
        if part.start is None:
            continue
        name = hashlib.blake2b(_told(part).encode(), digest_size=15).hexdigest()
        day = datetime.combine(part.start.date(), datetime.min.time())
        while day <= (part.end or part.start):
            found.setdefault(day, []).append(name)
            day += DAY
    return found


def _is_outside(hour: datetime, window: Window) -> bool:
    is_before = window.start is not None and hour < window.start
    return is_before or (window.end is not None and hour >= window.end)


def _floor(moment: datetime, scope: Scope) -> datetime:
    """The beginning of the period that a moment lies in."""
    day = datetime.combine(moment.date(), datetime.min.time())
    if scope.every == "hour":
        return day + (moment - day) // HOUR * HOUR
    if scope.every == "week":
        return day - day.weekday() * DAY
    return day.replace(day=1) if scope.every == "month" else day


def _spans(at: Sequence[int], n: int) -> list[tuple[int, int]]:
    """Runs of neighbouring ordinals, first and last; one that holds all where they are many.

    >>> _spans([0, 1, 5], 9), _spans([0, 2, 4, 6], 9), _spans([], 9)
    ([(0, 1), (5, 5)], [(0, 6)], [])
    """
    runs: list[tuple[int, int]] = []
    for i in at:
        first = runs.pop()[0] if runs and runs[-1][1] == i - 1 else i
        runs.append((first, i))
    if len(runs) <= MOST_SPANS:
        return runs
    return [(runs[0][0], min(runs[-1][1], n - 1))]


def _narrowed(question: Question, first: Period, last: Period) -> Question:
    window = Window(first.start, last.end)
    return replace(question, scope=replace(question.scope, window=window))
