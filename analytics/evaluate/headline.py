"""The numbers around the main metric: how often it happens, how often labels are there, how fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from analytics.core import Dataset, Estimate, Question, Result, Scope, Verdict
from analytics.evaluate.performance import (
    MIN_LABELLED,
    SETTLED_SHARE,
    groups_of,
    key_of_reference,
)
from analytics.evaluate.serving import latency_estimate, latency_metric, latency_moved
from analytics.quality.compare import compare_shares
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.groups import Group, Key, label_delay
from analytics.query.histograms import Seen, versions
from analytics.query.performance import confusions
from analytics.query.serving import Latency, latencies
from analytics.stats.decision import decide
from analytics.summaries.delays import quick_delay
from analytics.summaries.outcomes import Outcomes, outcomes
from analytics.summaries.serving import BOUND, served, served_latencies

POINTS = (0.02, 0.05)  # change of a rate that matters
LATENCY = latency_metric(0.95)
_ALL: Key = (None, None)
_LITTLE = 2_000  # bytes, about
_Answer = tuple[str, str, Estimate, tuple[float, float]]
_Decided = Sequence[tuple[Verdict, float | None]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the line under a page's title says: the rows behind it, and those it is compared with."""

    now: Group | None
    reference: Group | None
    versions: tuple[Seen, ...]
    is_provisional: bool


def facts(engine: Engine, dataset: Dataset, question: Question, now: datetime) -> Facts:
    """Rows, labels, span and versions of the window, and the reference's."""
    scope = whole(question.scope)
    find = label_delay if question.is_exact else quick_delay
    counted = None if question.is_exact else outcomes(engine, dataset, scope)
    groups = groups_of(engine, dataset, scope, counted, now, find)
    before = _before(engine, dataset, question)
    group = groups[0] if groups else None
    young = group.n_young if group else 0
    return Facts(
        group,
        before[0] if before else None,
        _versions(engine, dataset, question),
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
    if question.is_exact:
        return versions(engine, dataset, Scope())
    log = dataset.log("predictions")
    found: tuple[Seen, ...] = engine.summaries.hold(
        ("versions", log.parts), lambda: (_LITTLE, _seen(engine, dataset))
    )
    return found


def _seen(engine: Engine, dataset: Dataset) -> tuple[Seen, ...]:
    found = served(engine, dataset, Scope(by_version=True))
    seen = [g for g in found.groups if g.version is not None and g.first] if found else []
    if not seen or len({g.first for g in seen}) < len(seen):  # which row came first is not counted
        return versions(engine, dataset, Scope())
    seen.sort(key=lambda g: (str(g.first), str(g.version)))
    return tuple(Seen(str(g.version), g.n, g.first, g.last) for g in seen)


@dataclass(frozen=True, slots=True)
class _Side:
    """What was read of a scope; ``is_binned`` latencies come from summaries."""

    observed: Mapping[Key, tuple[float, int]] = field(default_factory=dict)
    latencies: Mapping[Key, Latency] = field(default_factory=dict)
    is_binned: bool = False

    def moved(self, by: float) -> _Side:
        """The same with latencies a share of themselves higher, where they are binned."""
        if not self.is_binned:
            return self
        return replace(self, latencies=latency_moved(self.latencies, by))


def headline(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """Observed rate of positives, share labelled and latency, by period and version.

    From summaries, a latency lies within half a per cent of that of the rows.
    """
    found = _headline(engine, dataset, question, is_exact=question.is_exact)
    if found is None:  # a verdict would be another at the end of a bound
        found = _headline(engine, dataset, question, is_exact=True)
    return found or []


def _headline(
    engine: Engine, dataset: Dataset, question: Question, *, is_exact: bool
) -> list[Result] | None:
    scope = question.scope
    counted = None if question.is_exact else outcomes(engine, dataset, scope)
    groups = groups_of(engine, dataset, scope, counted)
    reference = None if question.reference is None else whole(question.reference)
    before = _before(engine, dataset, question)[:1]
    is_live = reference is not None and reference.log == "production"
    yardstick = before[0] if before and is_live else None
    now = _read(engine, dataset, scope, counted, is_exact=is_exact)
    then = _Side()
    if reference is not None:
        then = _of_reference(engine, dataset, question, reference, is_exact=is_exact)
    ends = [(now.moved(s * BOUND), then.moved(-s * BOUND)) for s in (1, -1)]
    results: list[Result] = []
    for group in groups:
        answers = _answers(group, yardstick, now, then)
        decided = _decided(answers)
        if now.is_binned or then.is_binned:
            others = (_decided(_at_end(answers, group, *both)) for both in ends)
            if any([v for v, _p in other] != [v for v, _p in decided] for other in others):
                return None
        results += _results(question, group, answers, decided, is_binned=now.is_binned)
    return results


def _of_reference(
    engine: Engine, dataset: Dataset, question: Question, reference: Scope, *, is_exact: bool
) -> _Side:
    """The other side; one window after another asks for it."""

    def read() -> _Side:
        known = None if question.is_exact else outcomes(engine, dataset, reference)
        return _read(engine, dataset, reference, known, is_exact=is_exact)

    if is_exact:
        return read()
    key = ("headline", *key_of_reference(dataset, reference))
    found: _Side = engine.summaries.hold(key, lambda: (_LITTLE, read()))
    return found


def _read(
    engine: Engine, dataset: Dataset, scope: Scope, counted: Outcomes | None, *, is_exact: bool
) -> _Side:
    """Positives and latency of a scope: the first counted exactly whatever they are read from."""
    observed = _observed(engine, dataset, scope, counted)
    found = None if is_exact else served_latencies(engine, dataset, scope, (0.95,))
    if found is not None:
        return _Side(observed, found, is_binned=True)
    return _Side(observed, latencies(engine, dataset, scope))


def _answers(group: Group, before: Group | None, now: _Side, then: _Side) -> list[_Answer]:
    """What is said of a group, each beside the reference."""
    answers: list[_Answer] = []
    if group.key in now.observed:
        estimate = compare_shares(*now.observed[group.key], *then.observed.get(_ALL, (0, 0)))
        answers.append(("observed_rate", "Positives, observed", estimate, POINTS))
    answers.append(("label_coverage", "Labelled", _coverage(group, before), (0.05, 0.2)))
    if group.key in now.latencies:
        answers.append(_latency(now.latencies[group.key], then.latencies.get(_ALL)))
    return answers


def _at_end(answers: Sequence[_Answer], group: Group, now: _Side, then: _Side) -> Sequence[_Answer]:
    """The same answers with the latencies of an end of their bounds: all else is counted."""
    if group.key not in now.latencies:
        return answers
    return [*answers[:-1], _latency(now.latencies[group.key], then.latencies.get(_ALL))]


def _decided(answers: Sequence[_Answer]) -> _Decided:
    return decide([(estimate, tolerance) for _n, _l, estimate, tolerance in answers])


def _observed(
    engine: Engine, dataset: Dataset, scope: Scope, counted: Outcomes | None
) -> dict[Key, tuple[float, int]]:
    if dataset.schema.task != "binary":
        return {}
    found = {}
    read = confusions(engine, dataset, scope) if counted is None else counted.confusions()
    for key, confusion in read.items():
        at = confusion.classes.index(str(dataset.schema.positive))
        total = float(confusion.counts.sum())
        share = float(confusion.counts[at].sum()) / total if total > 0 else 0.0
        found[key] = (share * confusion.n, confusion.n)
    return found


def _coverage(group: Group, before: Group | None) -> Estimate:
    """Share labelled; an imported reference is labelled on purpose and is no yardstick."""
    m = before.n if before and before.n_labelled else 0
    return compare_shares(group.n_labelled, group.n, before.n_labelled if before else 0, m, "down")


def _latency(now: Latency, before: Latency | None) -> _Answer:
    estimate, metric = latency_estimate(0.95, now, before)
    return metric.name, metric.label, estimate, metric.tolerance


def _results(
    question: Question,
    group: Group,
    answers: Sequence[_Answer],
    decided: _Decided,
    *,
    is_binned: bool,
) -> list[Result]:
    results = []
    for (name, label, estimate, tolerance), (verdict, p_adjusted) in zip(
        answers, decided, strict=True
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
        if is_binned and not is_rate and estimate.value is not None:
            extra = {**extra, "bound": estimate.value * BOUND / (1 - BOUND)}
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
                is_exact="bound" not in detail,
                detail=detail,
            )
        )
    return results


def _band(estimate: Estimate, tolerance: tuple[float, float]) -> dict[str, float]:
    reference = estimate.detail.get("reference")
    if reference is None:
        return {}
    return {"band_low": reference - tolerance[0], "band_high": reference + tolerance[0]}
