"""Performance of a model over periods and versions, beside its reference."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from analytics.catalog import Named, lacks, pick_metrics
from analytics.core import Dataset, Estimate, Question, Result, Scope, Verdict
from analytics.errors import LogError
from analytics.evaluate.fetched import Fetched, fetch, need_of
from analytics.evaluate.verdict import Compared, compare, judge, tolerance_of
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.groups import Delay, Group, Key, count_groups, count_young, label_delay
from analytics.summaries.delays import quick_delay
from analytics.summaries.outcomes import Outcomes, outcomes

MIN_LABELLED = 30  # fewer labels than this give a value, and no verdict
SETTLED_SHARE = 0.02  # at most this share of labels may still be on their way

_Estimates = dict[tuple[str, str | None], Estimate]
_LITTLE = 2_000  # bytes, about
_Judged = Sequence[tuple[Verdict, float | None]]


@dataclass(frozen=True, slots=True)
class _Row:
    """One number before its verdict."""

    named: Named
    of: str | None
    estimate: Estimate
    compared: Compared


def performance(
    engine: Engine, dataset: Dataset, question: Question, *, now: datetime | None = None
) -> list[Result]:
    """Results of the asked metrics for every period and version, in order of time.

    ``now`` is the moment the question is asked (label maturity needs it). Raises LogError when
    the model's log holds no predictions at all, NameUnknown for a metric the task does not have.
    """
    own = {custom.name for custom in dataset.schema.custom}
    if dataset.schema.task == "none" and not (question.names and own >= set(question.names)):
        raise LogError(
            f"{dataset.model} has no predictions in its log.",
            "Performance compares predictions with labels; this log holds features only.",
            "Look at drift and data quality, or import a file with a prediction or score column.",
        )
    named = pick_metrics(dataset.schema, question.names)
    found = _answer(engine, dataset, question, named, now)
    if found is None:  # a verdict would be another at the end of a bound
        found = _answer(engine, dataset, replace(question, is_exact=True), named, now)
    return found or []


def _answer(
    engine: Engine,
    dataset: Dataset,
    question: Question,
    named: Sequence[Named],
    now: datetime | None,
) -> list[Result] | None:
    """The results; None where a bound is too wide for some verdict."""
    scope, is_exact = question.scope, question.is_exact
    counted = None if is_exact else outcomes(engine, dataset, scope)
    find = label_delay if is_exact else quick_delay
    groups = groups_of(engine, dataset, scope, counted, now, find)
    found = fetch(engine, dataset, scope, named, counted)
    then: _Estimates = {}
    if question.reference is not None:
        then = _of_reference(engine, dataset, question.reference, named, is_exact=is_exact)
    results: list[Result] = []
    for group in groups:
        rows = _rows(dataset, group, named, (found, then))
        judged = _judged(question, rows)
        if not _is_sure(question, rows, then, judged):
            return None
        results += _group_results(question, group, rows, judged)
    return results


def groups_of(
    engine: Engine,
    dataset: Dataset,
    scope: Scope,
    counted: Outcomes | None,
    now: datetime | None = None,
    find: Callable[[Engine, Dataset, Scope], Delay | None] = quick_delay,
) -> Sequence[Group]:
    """Periods and versions with their rows, and the rows whose label may still come after ``now``.

    These are counted where they can matter: where so few rows lack a label that no period can be
    provisional for them, nobody has to ``find`` how long labels take.
    """
    if counted is None:
        delay = find(engine, dataset, whole(scope)) if now else None
        return count_groups(engine, dataset, scope, now=now, delay=delay)
    groups = counted.groups()
    if now is None or all(g.n - g.n_labelled <= SETTLED_SHARE * g.n for g in groups):
        return groups
    delay = find(engine, dataset, whole(scope))
    if delay is None:
        return groups
    young = count_young(engine, dataset, scope, now, delay)
    return [replace(group, n_young=young.get(group.key, 0)) for group in groups]


def _of_reference(
    engine: Engine,
    dataset: Dataset,
    reference: Scope,
    named: Sequence[Named],
    *,
    is_exact: bool,
) -> _Estimates:
    """``metric_estimates`` of what windows are compared with: one window after another asks for it."""

    def read() -> _Estimates:
        return metric_estimates(engine, dataset, reference, named, is_exact=is_exact)

    if is_exact:
        return read()
    names = tuple((n.name, n.of) for n in named)
    key = (names, *key_of_reference(dataset, reference))
    found: _Estimates = engine.summaries.hold(key, lambda: (_LITTLE * (1 + len(names)), read()))
    return found


def key_of_reference(dataset: Dataset, reference: Scope) -> tuple[Hashable, ...]:
    """All that decides what is said of a reference as one period."""
    logs = (dataset.log(kind, reference.log) for kind in ("predictions", "labels"))
    rules = dataset.schema, dataset.label_precedence
    return (*rules, *((log.parts, log.columns, log.is_unique) for log in logs), whole(reference))


def metric_estimates(
    engine: Engine,
    dataset: Dataset,
    scope: Scope,
    named: Sequence[Named],
    *,
    is_exact: bool = True,
) -> _Estimates:
    """Each metric over the whole scope, by (name, class or average)."""
    counted = None if is_exact else outcomes(engine, dataset, whole(scope))
    found = fetch(engine, dataset, whole(scope), named, counted)
    return {
        (n.name, of): estimate
        for n in named
        for of, estimate in _estimates(dataset, n, found, (None, None))
    }


def _estimates(
    dataset: Dataset, named: Named, found: Fetched, key: Key
) -> list[tuple[str | None, Estimate]]:
    """The metric of one group: one number, or one for each class; with its bound where it has one."""
    estimates = _computed(dataset, named, found.needs[need_of(named)].get(key))
    bound = found.bounds.get((named.name, key))
    if bound is None:
        return estimates
    return [(of, replace(e, detail={**e.detail, "bound": bound})) for of, e in estimates]


def _computed(dataset: Dataset, named: Named, need: Any) -> list[tuple[str | None, Estimate]]:
    if need is None:
        otherwise = "no labels yet" if named.metric.needs_labels else "no rows"
        return [
            (named.of, Estimate.undefined(lacks(named.metric, dataset.schema) or otherwise)),
        ]
    if dataset.schema.task == "multiclass" and named.metric.per_class and named.of is None:
        classes = dataset.schema.classes or getattr(need, "classes", ())
        return [(c, named.metric.compute(need, of=c)) for c in classes]
    of = named.of or (dataset.schema.positive if dataset.schema.task == "binary" else None)
    return [(named.of, named.metric.compute(need, of=of))]


def _rows(
    dataset: Dataset,
    group: Group,
    named: Sequence[Named],
    sources: tuple[Fetched, _Estimates],
) -> list[_Row]:
    found, reference = sources
    rows = []
    for n in named:
        for of, estimate in _estimates(dataset, n, found, group.key):
            if n.metric.needs_labels and group.n_labelled == 0:
                missing = lacks(n.metric, dataset.schema)
                estimate = Estimate.undefined(missing or "no labels yet")
            compared = compare(n.metric, estimate, reference.get((n.name, of)))
            rows.append(_Row(n, of, estimate, compared))
    return rows


def _moved(rows: Sequence[_Row], reference: _Estimates, side: float) -> Sequence[_Row]:
    """The same rows with their values at an end of their bounds, and those of the reference."""
    moved = []
    for row in rows:
        then, now = reference.get((row.named.name, row.of)), row.estimate
        by = side * (_bound(now) + (_bound(then) if then else 0.0))
        if by and now.value is not None:
            low, high = (None if end is None else end + by for end in (now.low, now.high))
            estimate = replace(now, value=now.value + by, low=low, high=high)
            compared = compare(row.named.metric, estimate, then)
            moved.append(replace(row, estimate=estimate, compared=compared))
        else:
            moved.append(row)
    return moved


def _bound(estimate: Estimate) -> float:
    return float(estimate.detail.get("bound", 0.0))


def _is_sure(question: Question, rows: Sequence[_Row], then: _Estimates, judged: _Judged) -> bool:
    """Whether the verdicts are the same at both ends of the bounds, where there are any."""
    ends = (_moved(rows, then, side) for side in (-1, 1))
    verdicts = [verdict for verdict, _p in judged]
    return all(
        all(a is b for a, b in zip(end, rows, strict=True))
        or [verdict for verdict, _p in _judged(question, end)] == verdicts
        for end in ends
    )


def _judged(question: Question, rows: Sequence[_Row]) -> _Judged:
    return judge(
        [(row.compared.evidence, tolerance_of(row.named.metric)) for row in rows],
        [
            (row.estimate, row.named.metric.better, question.thresholds.get(row.named.name))
            for row in rows
        ],
    )


def _group_results(
    question: Question, group: Group, rows: Sequence[_Row], judged: _Judged
) -> list[Result]:
    results = []
    for row, (verdict, p_adjusted) in zip(rows, judged, strict=True):
        results.append(_result(question, group, row, verdict, p_adjusted))
    return results


def _result(
    question: Question, group: Group, row: _Row, verdict: Verdict, p_adjusted: float | None
) -> Result:
    estimate, metric = row.estimate, row.named.metric
    reason = estimate.reason
    if verdict == "undefined":
        verdict = "ok"
    if estimate.value is None:
        verdict = "undefined"
    elif metric.needs_labels and group.n_labelled < MIN_LABELLED:
        verdict, reason = (
            "undefined",
            f"too few labels ({group.n_labelled}, at least {MIN_LABELLED})",
        )
    maturity = "provisional" if group.n_young > SETTLED_SHARE * group.n else "settled"
    detail: dict[str, Any] = {
        **estimate.detail,
        **row.compared.detail,
        "label": metric.label,
        "better": metric.better,
        "unit": metric.unit,
        "tolerance": list(metric.tolerance),
        "coverage": group.n_labelled / group.n if group.n else None,
        "maturity": maturity if metric.needs_labels else None,
        "se": estimate.se,
        "p_adjusted": p_adjusted,
    }
    if row.of is not None and row.of not in metric.averages:
        detail["class"] = row.of
    return Result(
        name=row.named.name,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        interval=estimate.interval,
        n=group.n,
        n_labelled=group.n_labelled,
        verdict=verdict,
        window=group.window,
        version=group.version,
        segment=question.scope.segment.text if question.scope.segment else None,
        reason=reason,
        is_exact="bound" not in estimate.detail,
        detail=detail,
    )
