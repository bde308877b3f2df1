"""The numbers around the main metric: how often it happens, how often labels are there, how fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analytics.core import Dataset, Estimate, Question, Result, Scope
from analytics.evaluate.performance import MIN_LABELLED, SETTLED_SHARE, groups_of
from analytics.evaluate.serving import latency_estimate, latency_metric
from analytics.quality.compare import compare_shares
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.groups import Delay, Group, label_delay
from analytics.query.histograms import Seen, versions
from analytics.query.performance import confusions
from analytics.query.serving import Latency, latencies
from analytics.stats.decision import decide
from analytics.summaries.outcomes import outcomes
from analytics.summaries.serving import served

POINTS = (0.02, 0.05)  # change of a rate that matters
LATENCY = latency_metric(0.95)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the line under a page's title says: the rows behind it, and those it is compared with."""

    now: Group | None
    reference: Group | None
    versions: tuple[Seen, ...]
    delay: Delay | None
    is_provisional: bool


def facts(engine: Engine, dataset: Dataset, question: Question, now: datetime) -> Facts:
    """Rows, labels, span and versions of the window, and the reference's."""
    scope = whole(question.scope)
    delay = label_delay(engine, dataset, scope)
    counted = None if question.is_exact else outcomes(engine, dataset, scope)
    groups = groups_of(engine, dataset, scope, counted, (now, delay))
    before = _before(engine, dataset, question)
    group = groups[0] if groups else None
    young = group.n_young if group else 0
    return Facts(
        group,
        before[0] if before else None,
        _versions(engine, dataset, question),
        delay,
        bool(group and young > SETTLED_SHARE * group.n),
    )


def _before(engine: Engine, dataset: Dataset, question: Question) -> Sequence[Group]:
    """The reference's rows, as one group."""
    if question.reference is None:
        return []
    scope = whole(question.reference)
    counted = None if question.is_exact else outcomes(engine, dataset, scope)
    return groups_of(engine, dataset, scope, counted)


def _versions(engine: Engine, dataset: Dataset, question: Question) -> tuple[Seen, ...]:
    """All versions of the log in the order in which they came."""
    found = None if question.is_exact else served(engine, dataset, Scope(by_version=True))
    seen = [g for g in found.groups if g.version is not None and g.first] if found else []
    if not seen or len({g.first for g in seen}) < len(seen):  # which row came first is not counted
        return versions(engine, dataset, Scope())
    seen.sort(key=lambda g: (str(g.first), str(g.version)))
    return tuple(Seen(str(g.version), g.n, g.first, g.last) for g in seen)


def headline(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """Observed rate of positives, share labelled and latency, by period and version."""
    scope = question.scope
    counted = None if question.is_exact else outcomes(engine, dataset, scope)
    groups = groups_of(engine, dataset, scope, counted)
    reference = None if question.reference is None else whole(question.reference)
    before = _before(engine, dataset, question)[:1]
    observed = _observed(engine, dataset, scope)
    observed_before = _observed(engine, dataset, reference).get((None, None)) if reference else None
    fast = latencies(engine, dataset, scope)
    fast_before = latencies(engine, dataset, reference).get((None, None)) if reference else None
    results = []
    for group in groups:
        answers: list[tuple[str, str, Estimate, tuple[float, float]]] = []
        if group.key in observed:
            hits, n = observed[group.key]
            estimate = compare_shares(hits, n, *(observed_before or (0, 0)))
            answers.append(("observed_rate", "Positives, observed", estimate, POINTS))
        is_live = reference is not None and reference.log == "production"
        known = _coverage(group, before[0] if before and is_live else None)
        answers.append(("label_coverage", "Labelled", known, (0.05, 0.2)))
        if group.key in fast:
            answers.append(_latency(fast[group.key], fast_before))
        results += _results(question, group, answers)
    return results


def _observed(engine: Engine, dataset: Dataset, scope: Scope) -> dict[Any, tuple[float, int]]:
    if dataset.schema.task != "binary":
        return {}
    found = {}
    for key, confusion in confusions(engine, dataset, scope).items():
        at = confusion.classes.index(str(dataset.schema.positive))
        total = float(confusion.counts.sum())
        share = float(confusion.counts[at].sum()) / total if total > 0 else 0.0
        found[key] = (share * confusion.n, confusion.n)
    return found


def _coverage(group: Group, before: Group | None) -> Estimate:
    """Share labelled; an imported reference is labelled on purpose and is no yardstick."""
    m = before.n if before and before.n_labelled else 0
    return compare_shares(group.n_labelled, group.n, before.n_labelled if before else 0, m, "down")


def _latency(
    now: Latency, before: Latency | None
) -> tuple[str, str, Estimate, tuple[float, float]]:
    estimate, metric = latency_estimate(0.95, now, before)
    return metric.name, metric.label, estimate, metric.tolerance


def _results(
    question: Question, group: Group, answers: list[tuple[str, str, Estimate, tuple[float, float]]]
) -> list[Result]:
    verdicts = decide([(estimate, tolerance) for _n, _l, estimate, tolerance in answers])
    results = []
    for (name, label, estimate, tolerance), (verdict, p_adjusted) in zip(
        answers, verdicts, strict=True
    ):
        is_rate = name != LATENCY.name
        few = MIN_LABELLED if name == "observed_rate" else 1 if name == "label_coverage" else 0
        thin = estimate.value is None or group.n_labelled < few
        extra: Mapping[str, Any] = {
            "label": label,
            "unit": "rate" if is_rate else "ms",
            "tolerance": list(tolerance),
            "p_adjusted": p_adjusted,
            "better": {"observed_rate": "neither", "label_coverage": "higher"}.get(name, "lower"),
        }
        is_judged = verdict != "undefined"
        detail = {**estimate.detail, **extra} | (_band(estimate, tolerance) if is_rate else {})
        results.append(
            Result(
                name=name,
                value=estimate.value,
                n=group.n,
                verdict="undefined" if thin else verdict if is_judged else "ok",
                window=group.window,
                low=estimate.low,
                high=estimate.high,
                interval=estimate.interval,
                n_labelled=group.n_labelled if is_rate else None,
                version=group.version,
                segment=question.scope.segment.text if question.scope.segment else None,
                reason=estimate.reason,
                detail=detail,
            )
        )
    return results


def _band(estimate: Estimate, tolerance: tuple[float, float]) -> dict[str, float]:
    reference = estimate.detail.get("reference")
    if reference is None:
        return {}
    return {"band_low": reference - tolerance[0], "band_high": reference + tolerance[0]}
