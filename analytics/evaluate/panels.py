"""What each panel about people draws: funnel, waits, hours, weeks, confidence, adoption."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from analytics.behaviour.return_weeks import Retention, retention
from analytics.behaviour.sessions import sessions
from analytics.behaviour.shares import share_of
from analytics.behaviour.time_to_action import Curve, decided_by, wait_estimate
from analytics.catalog import all_behaviours
from analytics.core import Dataset, Estimate, Question
from analytics.evaluate.decisions import worth
from analytics.needs import Acts
from analytics.query import activity
from analytics.query.acts import by_column, by_confidence, follow_shown, waits
from analytics.query.engine import Engine
from analytics.query.frame import whole

__all__ = [
    "adoption",
    "confidence",
    "funnel",
    "hours",
    "returning",
    "seen",
    "time_to_action",
    "worth",
]
FAST_S = 2.0
CURVE_S = (
    *(1, 2, 3, 5, 8, 12, 20, 30, 45, 60, 90, 120, 180, 300, 480, 900, 1800, 3600, 7200, 14400),
    *(28800, 86400, 172800, 604800),
)  # fmt: skip
BIN = 0.05
MOST_VALUES = 12
MOST_LEVELS = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the funnel: how many got there, of how many, and how long it took them."""

    name: str
    label: str
    share: Estimate
    n: int
    of: int
    median: Estimate
    p90: Estimate


@dataclass(frozen=True, slots=True)
class Funnel:
    """Shown, opened, decided, outcome known; ``undecided`` of the shown, ``young`` of them recent."""

    steps: tuple[Step, ...]
    shown: int
    undecided: Estimate


def funnel(engine: Engine, dataset: Dataset, question: Question) -> Funnel | None:
    """The funnel of the window; None where nothing was shown."""
    found = follow_shown(engine, dataset, question.scope)
    if found is None:
        return None
    counts = found.counts
    steps = []
    for name, label, of, what in (
        ("opened", "Opened the explanation", found.n, "shown"),
        ("decided", "Decided", found.n, "shown"),
        ("settled", "Outcome known", counts["decided"], "decided"),
    ):
        times = [wait_estimate(found.waits_s[name], q, "times") for q in (0.5, 0.9)]
        share = share_of(counts[name], of, what)
        steps.append(Step(name, label, share, counts[name], of, *times))
    undecided = share_of(found.n - counts["decided"], found.n, "shown")
    return Funnel(tuple(steps), found.n, undecided)


def time_to_action(
    engine: Engine, dataset: Dataset, question: Question, now: datetime
) -> Curve | None:
    """The share decided by each moment after being shown, the undecided kept in the picture."""
    found = waits(engine, dataset, question.scope, question.scope.as_of or now)
    if found is None:
        return None
    longest = max(found.decided_s[-1] if len(found.decided_s) else 60.0, 60.0)
    at = [float(s) for s in CURVE_S if s <= 2 * longest]
    return decided_by(found.decided_s, found.waiting_s, at)


@dataclass(frozen=True, slots=True)
class Hours:
    """Events by weekday (Monday first) and hour in a time zone, sessions, and how many people."""

    counts: tuple[tuple[int, ...], ...]
    people: tuple[tuple[int, ...], ...]
    zone: str
    n: int
    n_sessions: int
    session: Estimate


def hours(engine: Engine, dataset: Dataset, question: Question, zone: str) -> Hours | None:
    """When people are there; None without an event in the window."""
    scope = whole(question.scope)
    found = activity.hours(engine, dataset, scope, zone)
    moments = activity.stamps(engine, dataset, scope)
    if not found or moments is None:
        return None
    made = sessions(moments.person, moments.at_s)
    return Hours(
        _grid({cell: n for cell, (n, _people) in found.items()}),
        _grid({cell: people for cell, (_n, people) in found.items()}),
        zone,
        sum(n for n, _people in found.values()),
        len(made.length_s),
        wait_estimate(np.sort(made.length_s), 0.5, "sessions"),
    )


def _grid(cells: Mapping[tuple[int, int], int]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(cells.get((day, hour), 0) for hour in range(24)) for day in range(7))


def returning(
    engine: Engine, dataset: Dataset, question: Question, now: datetime
) -> Retention | None:
    """Who came back in the weeks after their first."""
    scope = whole(question.scope)
    end = min(scope.window.end or now, scope.as_of or now)
    return retention(activity.returns(engine, dataset, scope), end)


@dataclass(frozen=True, slots=True)
class Level:
    """Acts where the model was about as sure, or of one value of a column."""

    name: str
    low: float | None
    n: int
    acceptance: Estimate
    accuracy: Estimate
    engagement: Estimate
    over_reliance: Estimate
    under_reliance: Estimate


@dataclass(frozen=True, slots=True)
class Levels:
    """What stands side by side, in order; ``column`` is None for confidence."""

    column: str | None
    levels: tuple[Level, ...]
    n_left_out: int = 0


def confidence(engine: Engine, dataset: Dataset, question: Question) -> Levels | None:
    """Acceptance beside accuracy by how sure the model was; None where that is not known."""
    slots = by_confidence(engine, dataset, question.scope, BIN, FAST_S)
    levels = [
        _level(f"{s.at * BIN:.0%} to {(s.at + 1) * BIN:.0%}", s.at * BIN, s.acts)
        for s in sorted(slots, key=lambda s: int(s.at))
    ]
    return Levels(None, tuple(levels)) if levels else None


def adoption(engine: Engine, dataset: Dataset, question: Question, column: str) -> Levels | None:
    """The same by the values of a column of the predictions, the most shown first."""
    dataset.schema.column(column)
    slots = by_column(engine, dataset, question.scope, column, FAST_S)
    levels = [_level(str(s.at), None, s.acts) for s in slots]
    shown = tuple(levels[:MOST_VALUES])
    return Levels(column, shown, len(levels) - len(shown)) if levels else None


def _level(name: str, low: float | None, counts: Acts) -> Level:
    by_name = {m.name: m.compute(counts) for m in all_behaviours()}
    judged = counts.right + counts.wrong
    return Level(
        name,
        low,
        counts.n,
        by_name["acceptance"],
        share_of(counts.right, judged, "decisions whose truth is known"),
        by_name["engagement"],
        by_name["over_reliance"],
        by_name["under_reliance"],
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands behind a page on behaviour: the events, and columns to cut them by."""

    extent: activity.Extent
    columns: tuple[str, ...] = field(default=())


def seen(engine: Engine, dataset: Dataset, question: Question) -> Seen | None:
    """The events of the window; None without an events log."""
    found = activity.extent(engine, dataset, whole(question.scope))
    if found is None:
        return None
    kinds = ("categorical", "boolean")
    roles = {c.name: c.role for c in dataset.schema.features if c.type in kinds}
    n_levels = activity.level_counts(engine, dataset, list(roles))
    columns = [name for name in roles if n_levels.get(name, 0) <= MOST_LEVELS]
    columns.sort(key=lambda name: (roles[name] != "segment", n_levels.get(name, 0)))
    return Seen(found, tuple(columns))
