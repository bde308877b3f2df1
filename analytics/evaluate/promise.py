"""The promise about latency: kept or not by period and version, its budget, and the load it bears."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median
from typing import Any

from analytics.core import Dataset, Estimate, Every, Question, Result, Verdict, Window
from analytics.evaluate.serving import seconds_in
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.groups import Group, count_groups
from analytics.query.promised import promised, quantiles
from analytics.serving.capacity import Capacity, Pace, capacity, pace
from analytics.serving.promise import (
    MIN_REQUESTS,
    Kept,
    Promise,
    apdex,
    budget_left,
    verdict_of,
    within,
)

CUTS: tuple[Every, ...] = ("hour", "day")
MOST_PERIODS = 2000
UNITS = {"within_target": "rate", "budget_left": "rate", "apdex": "score"}
LABELS = {
    "within_target": "Kept the promise",
    "budget_left": "Error budget left",
    "apdex": "Apdex",
    "highest_load": "Highest rate that kept it",
    "headroom": "Headroom over the usual rate",
}


@dataclass(frozen=True, slots=True)
class LoadMap:
    """Latency against load by period, and what the periods say together."""

    promise: Promise
    every: Every | None
    paces: tuple[Pace, ...]
    capacity: Capacity
    results: tuple[Result, ...]


def promise_results(
    engine: Engine, dataset: Dataset, question: Question, promise: Promise
) -> list[Result]:
    """Share that kept the promise, budget left and apdex of every period and version.

    Cut into periods, the budget is that of the whole window and is spent from period to period
    (``detail.spent_here`` is each one's own part).
    """
    groups = sorted(count_groups(engine, dataset, question.scope, with_labels=False), key=_order)
    counted = promised(engine, dataset, question.scope, promise.threshold_ms)
    if not counted:
        return []  # no latency was logged
    kept = {key: Kept(*counts) for key, counts in counted.items()}
    n_all: dict[str | None, int] = {}
    for (_period, version), found in kept.items():
        n_all[version] = n_all.get(version, 0) + found.n
    spent: dict[str | None, Kept] = {}
    results = []
    for group in groups:
        found = kept.get(group.key, Kept(0, 0, 0, 0))
        version = group.key[1]
        spent[version] = _add(spent.get(version, Kept(0, 0, 0, 0)), found)
        left = budget_left(spent[version], promise.target, n_all.get(version))
        if left.value is not None and question.scope.every is not None:
            here = found.n_broken / ((1 - promise.target) * n_all[version])
            left = replace(left, detail={**left.detail, "spent_here": here})
        share = within(found)
        answers: tuple[tuple[str, Estimate, Verdict], ...] = (
            ("within_target", share, verdict_of(share, promise.target)),
            ("budget_left", left, _budget_verdict(left)),
            ("apdex", apdex(found), "undefined"),
        )
        results += [_result(question, promise, group, found, answer) for answer in answers]
    return results


def _order(group: Group) -> tuple[str, int]:
    period, version = group.key
    return str(version or ""), period or 0


def _add(one: Kept, other: Kept) -> Kept:
    return Kept(
        one.n + other.n, one.n_fast + other.n_fast, one.n_slow + other.n_slow,
        one.n_failed + other.n_failed, one.n_unknown + other.n_unknown,
    )  # fmt: skip


def _budget_verdict(left: Estimate) -> Verdict:
    if left.value is None or left.high is None:
        return "undefined"
    if left.value >= 0:
        return "ok"
    return "critical" if left.high < 0 else "warning"


def _result(
    question: Question,
    promise: Promise,
    group: Group,
    kept: Kept,
    answer: tuple[str, Estimate, Verdict],
) -> Result:
    name, estimate, verdict = answer
    reason = estimate.reason or (
        "told as it is: nothing to compare with" if verdict == "undefined" else None
    )
    detail: dict[str, Any] = {
        **estimate.detail,
        "label": LABELS[name],
        "unit": UNITS[name],
        "better": "higher",
        "threshold_ms": promise.threshold_ms,
        "target": promise.target,
        "n_failed": kept.n_failed,
        "n_unknown": kept.n_unknown,
    }
    return _as_result(
        question, group.window, group.version, estimate, (name, verdict, reason, detail)
    )


def _as_result(
    question: Question,
    window: Window,
    version: str | None,
    estimate: Estimate,
    said: tuple[str, Verdict, str | None, dict[str, Any]],
) -> Result:
    name, verdict, reason, detail = said
    segment = question.scope.segment
    return Result(
        name, estimate.value, estimate.n, verdict, window, estimate.low, estimate.high,
        estimate.interval, version=version, segment=segment.text if segment else None,
        reason=reason, detail=detail,
    )  # fmt: skip


def load_map(
    engine: Engine, dataset: Dataset, question: Question, promise: Promise
) -> LoadMap | None:
    """Latency against load by hour, by day where hours hold few requests; None without times.

    Latency is the quantile at the target, of answered requests.
    """
    if dataset.first_event is None or question.scope.window.first_row is not None:
        return None
    every: Every | None = None
    paces: tuple[Pace, ...] = ()
    for every in CUTS:
        paces = _paces(engine, dataset, question, promise, every)
        if paces and len(paces) <= MOST_PERIODS and median(p.kept.n for p in paces) >= MIN_REQUESTS:
            break
    if not paces:
        return None
    found = capacity(paces)
    results = _capacity_results(question, promise, found)
    return LoadMap(promise, every, paces, found, results)


def _paces(
    engine: Engine, dataset: Dataset, question: Question, promise: Promise, every: Every
) -> tuple[Pace, ...]:
    scope = replace(whole(question.scope), every=every)
    counted = promised(engine, dataset, scope, promise.threshold_ms)
    if not counted:
        return ()
    slow = quantiles(engine, dataset, scope, promise.target)
    paces = []
    for group in count_groups(engine, dataset, scope, with_labels=False):
        if group.key not in counted or group.first is None or group.last is None:
            continue
        seconds = seconds_in(dataset, _inside(group.window, scope.window), group.first, group.last)
        kept = Kept(*counted[group.key])
        if kept.n:
            paces.append(pace(group.window, seconds, kept, slow.get(group.key), promise.target))
    return tuple(paces)


def _inside(period: Window, window: Window) -> Window:
    """The part of a period that lies in the window."""
    starts = [t for t in (period.start, window.start) if t is not None]
    ends = [t for t in (period.end, window.end) if t is not None]
    return Window(max(starts, default=None), min(ends, default=None))


def _capacity_results(question: Question, promise: Promise, found: Capacity) -> tuple[Result, ...]:
    at = found.at
    detail: dict[str, Any] = {
        "threshold_ms": promise.threshold_ms,
        "target": promise.target,
        "usual_rate": found.usual,
        "n_above": found.n_above,
        "start": at.window.start.isoformat() if at and at.window.start else None,
        "hours": at.seconds / timedelta(hours=1).total_seconds() if at else None,
        "share_kept": at.share.value if at else None,
        "better": "higher",
    }
    window = at.window if at else question.scope.window
    pairs: Iterable[tuple[str, Estimate, str]] = (
        ("highest_load", found.highest, "per_s"),
        ("headroom", found.headroom, "rate"),
    )
    return tuple(
        _as_result(
            question, window, question.scope.version, estimate,
            (name, "undefined", estimate.reason or "told as it is: nothing to compare with",
             {**detail, "label": LABELS[name], "unit": unit}),
        )
        for name, estimate, unit in pairs
    )  # fmt: skip


def load_results(found: LoadMap | None) -> Sequence[Result]:
    """The two numbers of the load; none without times or latency."""
    return found.results if found else ()
