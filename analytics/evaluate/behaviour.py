"""How people act on predictions: the numbers by period and version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from analytics.behaviour.time_to_action import wait_estimate
from analytics.catalog import all_behaviours, check_names
from analytics.core import Dataset, Estimate, Metric, Question, Result, Scope, Window
from analytics.evaluate.decisions import worth_results
from analytics.needs import Acts
from analytics.quality.compare import compare_shares
from analytics.query import activity
from analytics.query.acts import count_acts, has_events, waits
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.groups import Key, period_end
from analytics.stats.decision import decide

FAST_S = 2.0
NO_EVENTS = "no events: import what people did, with telltale import FILE --kind events"
IMPORTED = "an imported reference has no events: compare with the previous period or a version"
DIRECTIONS = {"higher": "down", "lower": "up", "neither": "both", "zero": "both"}
_EPOCH = datetime(1970, 1, 1)


def behaviour(
    engine: Engine, dataset: Dataset, question: Question, now: datetime, fast_s: float = FAST_S
) -> list[Result]:
    """Active people and every share of acts, by period and version; empty without events.

    The whole window also has the median and p90 of the time to action, and what a decision is worth. Raises NameUnknown for a
    name that is none, UsageError where periods are cut by rows.
    """
    declared = {m.name: m for m in all_behaviours() if dataset.schema.task in m.tasks}
    check_names(question.names, [*declared, "active_users", *TIMES, *WORTHS], "behaviour number")
    if not has_events(dataset, question.scope):
        return []
    scope = question.scope
    now_counts = count_acts(engine, dataset, scope, fast_s)
    before = _reference(question)
    then = count_acts(engine, dataset, before, fast_s) if before else {}
    past = then.get((None, None))
    people = activity.active_users(engine, dataset, scope)
    results = []
    for key in sorted({*now_counts, *people}, key=_order):
        counts = now_counts.get(key, Acts(0, None, None))
        window = _window(scope, key, dataset)
        results += _active(question, key, window, people.get(key, (0, 0)))
        results += _shares(question, (key, window), counts, past, list(declared.values()))
    if scope.every is None and not scope.by_version:
        results += _times(engine, dataset, question, now)
        results += worth_results(engine, dataset, question, _window(scope, (None, None), dataset))
    return [r for r in results if not question.names or r.name in question.names]


WORTHS = ("decision_value", "decision_gain")
TIMES = {"time_to_action": 0.5, "time_to_action_p90": 0.9}


def _order(key: Key) -> tuple[int, str]:
    return (-1 if key[0] is None else key[0], key[1] or "")


def _reference(question: Question) -> Scope | None:
    """The scope compared with; an imported reference has no events."""
    if question.reference is None or question.reference.log == "reference":
        return None
    return whole(question.reference)


def _window(scope: Scope, key: Key, dataset: Dataset) -> Window:
    if key[0] is None or scope.every is None:
        start = scope.window.start or dataset.first_event
        last = dataset.last_event
        end = scope.window.end or (last + timedelta(microseconds=1) if last else None)
        return Window(start, end)
    start = _EPOCH + timedelta(microseconds=key[0])
    return Window(start, period_end(start, str(scope.every)))


def _active(question: Question, key: Key, window: Window, found: tuple[int, int]) -> list[Result]:
    """How many people did anything; a count of all of them, so without an interval."""
    users, n_events = found
    detail = {"label": "Active people", "unit": "count", "better": "higher", "n_events": n_events}
    reason = "a count of people: nothing to compare with"
    common = _common(question, key, window)
    return [
        Result(
            "active_users",
            float(users),
            n_events,
            "undefined",
            reason=reason,
            detail=detail,
            **common,
        )
    ]


def _common(question: Question, key: Key, window: Window) -> dict[str, Any]:
    segment = question.scope.segment
    return {
        "window": window,
        "version": key[1] or question.scope.version,
        "segment": segment.text if segment else None,
    }


def _shares(
    question: Question,
    place: tuple[Key, Window],
    counts: Acts,
    past: Acts | None,
    declared: Sequence[Metric],
) -> list[Result]:
    estimates = [_against(m, m.compute(counts), past) for m in declared]
    verdicts = decide([(e, m.tolerance) for e, m in zip(estimates, declared, strict=True)])
    is_imported = question.reference is not None and question.reference.log == "reference"
    results = []
    for metric, estimate, (verdict, p_adjusted) in zip(declared, estimates, verdicts, strict=True):
        reason = estimate.reason
        if reason is None and verdict == "undefined":
            reason = IMPORTED if is_imported else "no reference to compare with"
        detail = {
            **estimate.detail,
            "label": metric.label,
            "unit": "rate",
            "page": "behaviour",
            "better": metric.better,
            "tolerance": list(metric.tolerance),
            "p_adjusted": p_adjusted,
        }
        results.append(
            Result(
                metric.name,
                estimate.value,
                estimate.n,
                verdict,
                low=estimate.low,
                high=estimate.high,
                interval=estimate.interval,
                reason=reason,
                detail=detail,
                **_common(question, *place),
            )
        )
    return results


def _against(metric: Metric, estimate: Estimate, past: Acts | None) -> Estimate:
    """The estimate with its change against the reference's acts, where both have enough."""
    hits = estimate.detail.get("hits")
    if past is None or hits is None or estimate.value is None:
        return estimate
    before = metric.compute(past)
    if before.value is None:
        return replace(estimate, reason=f"the reference has {before.reason}")
    direction: Any = DIRECTIONS[metric.better]
    found = compare_shares(int(hits), estimate.n, int(before.detail["hits"]), before.n, direction)
    band = {
        "band_low": before.value - metric.tolerance[0],
        "band_high": before.value + metric.tolerance[0],
    }
    return replace(estimate, detail={**estimate.detail, **found.detail, **band})


def _times(engine: Engine, dataset: Dataset, question: Question, now: datetime) -> list[Result]:
    found = waits(engine, dataset, question.scope, now)
    if found is None:
        return []
    common = _common(question, (None, None), _window(question.scope, (None, None), dataset))
    results = []
    for name, q in TIMES.items():
        estimate = wait_estimate(found.decided_s, q)
        label = "Time to action" if q == 0.5 else "Time to action, p90"
        detail = {
            "label": label,
            "unit": "s",
            "better": "neither",
            "n_undecided": len(found.waiting_s),
        }
        reason = estimate.reason or "of those decided: nothing to compare with"
        results.append(
            Result(
                name, estimate.value, estimate.n, "undefined", low=estimate.low, high=estimate.high,
                interval=estimate.interval, reason=reason, detail=detail, **common,
            )
        )  # fmt: skip
    return results
