"""How the model serves: latency, errors, load and resources, by period and version."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from analytics.catalog import check_names
from analytics.core import Dataset, Estimate, Metric, Question, Result, Scope, Window
from analytics.evaluate.verdict import compare
from analytics.needs import Scores
from analytics.quality.compare import compare_shares
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.groups import Group, Key, count_groups
from analytics.query.serving import (
    Latency,
    Load,
    Sampled,
    latencies,
    latency_bins,
    loads,
    sample_columns,
    samples,
)
from analytics.serving.resources import resource_of
from analytics.stats.decision import decide
from analytics.stats.intervals import poisson_ends, t_quantile
from analytics.summaries.serving import BOUND, served

SHARES = (0.5, 0.9, 0.95, 0.99)
NOT_COMPARED = "a resource of the machine: nothing to compare with"
NAMES = ("latency_p50", "latency_p90", "latency_p95", "latency_p99", "error_rate", "throughput")
FAILED_POINTS = (0.01, 0.05)  # change of the error rate that matters
BINS_PER_DOUBLING = 2


@functools.cache
def latency_metric(share: float) -> Metric:
    """What a latency quantile is: lower is better, a change of a fifth matters."""
    return Metric(
        name=f"latency_p{round(100 * share)}",
        label=f"Latency p{round(100 * share)}",
        tasks=("binary", "multiclass", "regression", "none"),
        needs=Scores,
        compute=lambda _need: Estimate.undefined("asked of the log"),
        better="lower",
        unit="label",
        meaning=f"The latency that {100 * share:g} % of answered requests stay under.",
        source="an order statistic; interval: ranks of the binomial",
        tolerance=(0.2, 0.5),
    )


def latency_estimate(
    share: float, now: Latency, before: Latency | None, at: int = 0
) -> tuple[Estimate, Metric]:
    """A latency quantile beside the reference's; no interval where too few rows lie beyond it.

    The upper end is an order statistic only from ln(0.025) / ln(share) rows on: 368 for p99.
    """
    metric = latency_metric(share)
    estimate = _quantile(share, now, at)
    compared = compare(metric, estimate, _quantile(share, before, at) if before else None)
    return replace(estimate, detail={**compared.detail, "largest": now.largest}), metric


def _quantile(share: float, found: Latency, at: int) -> Estimate:
    value, low, high = found.quantiles[at]
    if max(share, 1 - share) ** found.n > 0.025:
        return Estimate(value, n=found.n)
    return Estimate(value, low, high, "order statistics", found.n)


@dataclass(frozen=True, slots=True)
class _Side:
    """What was read of a scope; latencies are ``is_binned`` where they come from summaries."""

    latencies: Mapping[Key, Latency] = field(default_factory=dict)
    loads: Mapping[Key, Load] = field(default_factory=dict)
    groups: tuple[Group, ...] | None = None
    is_binned: bool = False

    def moved(self, by: float) -> _Side:
        """The same with latencies a share of themselves higher, where they are binned."""
        if not self.is_binned:
            return self
        return replace(self, latencies=latency_moved(self.latencies, by))


def latency_moved(found: Mapping[Key, Latency], by: float) -> dict[Key, Latency]:
    """Latencies that are a share of themselves higher."""
    return {key: _scaled(latency, 1 + by) for key, latency in found.items()}


def _scaled(latency: Latency, by: float) -> Latency:
    triples = tuple((value * by, low * by, high * by) for value, low, high in latency.quantiles)
    return replace(latency, quantiles=triples)


@dataclass(frozen=True, slots=True)
class _Answer:
    name: str
    label: str
    unit: str
    better: str
    estimate: Estimate
    tolerance: tuple[float, float] = (0.2, 0.5)
    is_binned: bool = False


def serving(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """Latency quantiles, error rate, throughput and resource means of every period and version.

    Latency is that of answered requests. Resource samples belong to no version: with versions
    apart they come once a period, under version None. Raises NameUnknown for a name that is none.
    From summaries, quantiles lie within half a per cent of those of the rows.
    """
    found = None if question.is_exact else _serving(engine, dataset, question)
    if found is None:  # a verdict would be another at the end of a bound
        found = _serving(engine, dataset, replace(question, is_exact=True))
    return found or []


def _serving(engine: Engine, dataset: Dataset, question: Question) -> list[Result] | None:
    scope, is_exact = question.scope, question.is_exact
    columns = sample_columns(engine, dataset, scope)
    check_names(question.names, [*NAMES, *columns], "serving number")
    reference = whole(question.reference) if question.reference else None
    # without a reference nothing is tested, so that no number is judged with others
    is_alone = reference is None and not _asks_latency(question)
    now = _read(engine, dataset, scope, is_exact, with_latency=not is_alone)
    then = _read(engine, dataset, reference, is_exact) if reference else _Side()
    groups = now.groups or tuple(count_groups(engine, dataset, scope, with_labels=False))
    sampled = samples(engine, dataset, scope, columns)
    results: list[Result] = []
    seen: set[int | None] = set()
    ends = _ends(now, then) if _asks_latency(question) else ()
    for group in groups:
        answers = _answers(dataset, question, group, (now, then))
        if _is_contested(answers, [_answers(dataset, question, group, both) for both in ends]):
            return None
        results += _results(question, group, answers)
        if group.key[0] not in seen:
            seen.add(group.key[0])
            free = replace(group, version=None) if scope.by_version else group
            results += _results(question, free, _resources(sampled, group.key[0]))
    return results


def _asks_latency(question: Question) -> bool:
    return not question.names or any(name.startswith("latency") for name in question.names)


def _ends(now: _Side, then: _Side) -> tuple[tuple[_Side, _Side], ...]:
    """Both sides at the ends of their bounds, where these pull them apart and together."""
    if not (now.is_binned or then.is_binned):
        return ()
    return tuple((now.moved(s * BOUND), then.moved(-s * BOUND)) for s in (1, -1))


def _is_contested(answers: Sequence[_Answer], others: Sequence[Sequence[_Answer]]) -> bool:
    """Whether a verdict would be another at an end of the bounds."""
    verdicts = [
        [verdict for verdict, _p in decide([(a.estimate, a.tolerance) for a in each])]
        for each in ((answers, *others) if others else ())
    ]
    return any(each != verdicts[0] for each in verdicts)


def _read(
    engine: Engine, dataset: Dataset, scope: Scope, is_exact: bool, *, with_latency: bool = True
) -> _Side:
    found = None if is_exact else served(engine, dataset, scope, SHARES)
    if found is not None:
        found_latencies = found.latencies if with_latency else {}
        return _Side(found_latencies, found.loads, found.groups, is_binned=True)
    exact = latencies(engine, dataset, scope, SHARES) if with_latency else {}
    return _Side(exact, loads(engine, dataset, scope))


def _answers(
    dataset: Dataset, question: Question, group: Group, sides: tuple[_Side, _Side]
) -> list[_Answer]:
    """What is judged together, and the throughput where it is asked: nothing judges that."""
    now, then = sides
    both: Key = (None, None)
    answers = []
    if group.key in now.latencies:
        for i, share in enumerate(SHARES):
            found, before = now.latencies[group.key], then.latencies.get(both)
            estimate, metric = latency_estimate(share, found, before, i)
            answers.append(
                _Answer(
                    metric.name,
                    metric.label,
                    "ms",
                    "lower",
                    estimate,
                    metric.tolerance,
                    now.is_binned,
                )
            )
    load, before_load = now.loads.get(group.key), then.loads.get(both)
    if load is not None:
        if "status" in dataset.log("predictions").columns:
            answers.append(_errors(load, before_load))
        if load.first is not None and "throughput" in (question.names or NAMES):
            answers.append(_throughput(load, group.window, dataset))
    return answers


def _errors(load: Load, before: Load | None) -> _Answer:
    then = (before.n_failed, before.n) if before else (0, 0)
    estimate = compare_shares(load.n_failed, load.n, *then, "up")
    detail = {**estimate.detail, "n_failed": load.n_failed}
    return _Answer(
        "error_rate", "Errors", "rate", "lower", replace(estimate, detail=detail), FAILED_POINTS
    )


def _throughput(load: Load, window: Window, dataset: Dataset) -> _Answer:
    """Requests a second over the window; the interval is that of a Poisson count (Garwood 1936).

    A period that the log begins or ends in counts only as far as the log reaches.
    """
    assert load.first is not None and load.last is not None
    seconds = seconds_in(dataset, window, load.first, load.last)
    low, high = poisson_ends(load.n)
    estimate = Estimate(
        load.n / seconds,
        low / seconds,
        high / seconds,
        "Poisson",
        load.n,
        reason="requests come as they come: nothing to compare with",
        detail={"peak_per_minute": load.peak_per_minute, "seconds": seconds},
    )
    return _Answer("throughput", "Throughput", "per_s", "neither", estimate)


def seconds_in(dataset: Dataset, window: Window, first: datetime, last: datetime) -> float:
    """How long a window was, as far as the log reaches; at least a second."""
    start = max(window.start or first, dataset.first_event or first)
    end = min(window.end or last, dataset.last_event or last)
    return max((end - start) / timedelta(seconds=1), 1.0)


def _resources(sampled: dict[str, dict[Key, Sampled]], period: int | None) -> list[_Answer]:
    answers = []
    for column, by_key in sampled.items():
        found = by_key.get((period, None))
        if found is None:
            continue
        resource = resource_of(column)
        se = found.sd / math.sqrt(found.n)
        half = t_quantile(found.n - 1) * se if found.n > 1 else None
        estimate = Estimate(
            found.mean,
            None if half is None else found.mean - half,
            None if half is None else found.mean + half,
            None if half is None else "t",
            found.n,
            se,
            reason=NOT_COMPARED,
            detail={"largest": found.largest, "n_samples": found.n},
        )
        answers.append(_Answer(column, resource.label, resource.kind, "neither", estimate))
    return answers


def _results(question: Question, group: Group, answers: Sequence[_Answer]) -> list[Result]:
    verdicts = decide([(a.estimate, a.tolerance) for a in answers])
    results = []
    for answer, (verdict, p_adjusted) in zip(answers, verdicts, strict=True):
        if question.names and answer.name not in question.names:
            continue
        estimate = answer.estimate
        is_compared = estimate.detail.get("p_value") is not None
        reason = estimate.reason or (None if is_compared else "no reference to compare with")
        detail: dict[str, Any] = {
            **estimate.detail,
            "label": answer.label,
            "unit": answer.unit,
            "better": answer.better,
            "tolerance": list(answer.tolerance),
            "p_adjusted": p_adjusted,
        }
        if answer.is_binned and estimate.value is not None:
            detail["bound"] = estimate.value * BOUND / (1 - BOUND)
        results.append(
            Result(
                name=answer.name,
                value=estimate.value,
                low=estimate.low,
                high=estimate.high,
                interval=estimate.interval,
                n=estimate.n or group.n,
                verdict=verdict,
                window=group.window,
                version=group.version,
                segment=question.scope.segment.text if question.scope.segment else None,
                reason=reason,
                is_exact="bound" not in detail,
                detail=detail,
            )
        )
    return results


@dataclass(frozen=True, slots=True)
class LatencyMap:
    """Share of each period's answered requests by latency bin: ``shares[bin][period]``."""

    windows: tuple[Window, ...]
    edges_ms: tuple[float, ...]
    shares: tuple[tuple[float, ...], ...]


def latency_map(engine: Engine, dataset: Dataset, question: Question) -> LatencyMap | None:
    """The spread of latency over time; None where no latency was logged."""
    scope = replace(question.scope, by_version=False)
    bins = latency_bins(engine, dataset, scope, BINS_PER_DOUBLING)
    groups = [
        g for g in count_groups(engine, dataset, scope, with_labels=False) if g.key[0] in bins
    ]
    if not groups:
        return None
    low = min(min(b) for b in bins.values())
    high = max(max(b) for b in bins.values())
    totals = [sum(bins[g.key[0]].values()) for g in groups]
    shares = tuple(
        tuple(bins[g.key[0]].get(at, 0) / total for g, total in zip(groups, totals, strict=True))
        for at in range(low, high + 1)
    )
    edges = tuple(2.0 ** (at / BINS_PER_DOUBLING) for at in range(low, high + 2))
    return LatencyMap(tuple(g.window for g in groups), edges, shares)
