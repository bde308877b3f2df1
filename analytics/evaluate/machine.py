"""The machine that serves: which resource was full first, what a prediction costs, and silences."""

from __future__ import annotations

from typing import Any

from analytics.core import Dataset, Estimate, Question, Result, Window
from analytics.evaluate.serving import seconds_in
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.machine import silences, uses
from analytics.query.serving import loads, sample_columns
from analytics.serving.resources import FULL, Use, resource_of, share_full
from analytics.serving.silence import Silence, cost_per_1000, usual_silence
from analytics.stats.intervals import poisson_ends

AS_IT_IS = "told as it is: nothing to compare with"


def uses_of(engine: Engine, dataset: Dataset, question: Question) -> tuple[Use, ...]:
    """Every resource of the log over the window, in the log's order."""
    scope = whole(question.scope)
    columns = sample_columns(engine, dataset, scope)
    found = uses(engine, dataset, scope, columns, FULL)
    return tuple(Use(resource_of(column), *row) for column, row in found.items())


def machine_results(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """The share of samples in which each resource was full, with its mean and peak in detail."""
    return [_used(question, use) for use in uses_of(engine, dataset, question)]


def _used(question: Question, use: Use) -> Result:
    estimate = share_full(use)
    detail = {
        "label": use.resource.label,
        "unit": "rate",
        "better": "lower",
        "resource_unit": use.resource.unit,
        "mean": use.mean,
        "p95": use.p95,
        "largest": use.largest,
        "first_full": use.first_full.isoformat() if use.was_full and use.first_full else None,
    }
    return _result(question, "resource_full", estimate, detail, column=use.resource.column)


def silence_results(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """What is usual first, then the longest silences; empty without timestamps.

    A silence's ``n`` are the days that the usual one rests on, ``detail.times_usual`` is how much longer it was.
    """
    if dataset.first_event is None:
        return []
    longest, by_day = silences(engine, dataset, whole(question.scope))
    usual = usual_silence(by_day)
    shared = {"unit": "s", "better": "lower"}
    results = [
        _result(question, "usual_silence", usual, shared | {"label": "Usual longest of a day"})
    ]
    for start, end in longest:
        found = Silence(start, end)
        times = found.seconds / usual.value if usual.value else None
        results.append(
            _result(
                question,
                "silence",
                Estimate(found.seconds, n=usual.n),
                {**shared, "label": "Silence", "times_usual": times},
                window=Window(start, end),
            )
        )
    return results


def cost_results(
    engine: Engine, dataset: Dataset, question: Question, price_per_hour: float
) -> list[Result]:
    """What 1,000 answered requests cost, by the window's hours as far as the log reaches."""
    load = loads(engine, dataset, whole(question.scope)).get((None, None))
    if load is None or load.first is None or load.last is None:
        return []
    seconds = seconds_in(dataset, question.scope.window, load.first, load.last)
    n = load.n - load.n_failed
    estimate = cost_per_1000(n, seconds, price_per_hour, poisson_ends(n))
    detail = {
        "label": "Cost per 1,000 predictions",
        "unit": "label",
        "better": "lower",
        "price_per_hour": price_per_hour,
        "hours": seconds / 3600,
    }
    return [_result(question, "cost_per_1000", estimate, detail)]


def _result(
    question: Question,
    name: str,
    estimate: Estimate,
    detail: dict[str, Any],
    *,
    column: str | None = None,
    window: Window | None = None,
) -> Result:
    scope = question.scope
    return Result(
        name, estimate.value, estimate.n, "undefined", window or scope.window, estimate.low,
        estimate.high, estimate.interval, column=column, version=scope.version,
        segment=scope.segment.text if scope.segment else None, reason=estimate.reason or AS_IT_IS,
        detail={**estimate.detail, **detail},
    )  # fmt: skip
