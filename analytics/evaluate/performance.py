"""Performance of a model over periods and versions, beside its reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from analytics.catalog import Named, lacks, pick_metrics
from analytics.core import Dataset, Estimate, Question, Result, Scope
from analytics.errors import LogError
from analytics.evaluate.verdict import Compared, compare, judge, tolerance_of
from analytics.needs import (
    ClassScores,
    Confusion,
    Moments,
    Pairs,
    Quantiles,
    Rankings,
    Ranks,
    Scores,
    Valued,
)
from analytics.query.custom import moments
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.groups import Group, Key, count_groups, label_delay
from analytics.query.performance import class_scores, confusions, pairs, scores
from analytics.query.rankings import quantiles, rankings, ranks, valued

MIN_LABELLED = 30  # fewer labels than this give a value, and no verdict
SETTLED_SHARE = 0.02  # at most this share of labels may still be on their way

_Need = tuple[type, bool | str]
_FETCH: dict[_Need, Callable[[Engine, Dataset, Scope], Mapping[Key, Any]]] = {
    (Confusion, True): lambda e, d, s: confusions(e, d, s),
    (Confusion, False): lambda e, d, s: confusions(e, d, s, labelled=False),
    (Scores, True): lambda e, d, s: scores(e, d, s),
    (Scores, False): lambda e, d, s: scores(e, d, s, labelled=False),
    (ClassScores, True): class_scores,
    (Pairs, True): pairs,
    (Valued, True): valued,
    (Ranks, True): ranks,
    (Quantiles, True): quantiles,
    (Rankings, True): rankings,
}


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
    scope = question.scope
    delay = label_delay(engine, dataset, whole(scope)) if now else None
    groups = count_groups(engine, dataset, scope, now=now, delay=delay)
    found = _fetch(engine, dataset, scope, named)
    reference = _reference(engine, dataset, question.reference, named)
    results: list[Result] = []
    for group in groups:
        results += _group_results(dataset, question, group, named, (found, reference))
    return results


def _fetch(
    engine: Engine, dataset: Dataset, scope: Scope, named: Sequence[Named]
) -> dict[_Need, Mapping[Key, Any]]:
    own = {custom.name: custom for custom in dataset.schema.custom}
    found: dict[_Need, Mapping[Key, Any]] = {}
    for need in dict.fromkeys(_need(n) for n in named):
        if need[0] is Moments:
            found[need] = moments(engine, dataset, scope, own[str(need[1])])
        else:
            found[need] = _FETCH[need](engine, dataset, scope)
    return found


def _need(named: Named) -> _Need:
    """What a metric needs; metrics of a model's own read the rows each for themselves."""
    metric = named.metric
    return metric.needs, named.name if metric.needs is Moments else metric.needs_labels


def _reference(
    engine: Engine, dataset: Dataset, scope: Scope | None, named: Sequence[Named]
) -> dict[tuple[str, str | None], Estimate]:
    return {} if scope is None else metric_estimates(engine, dataset, scope, named)


def metric_estimates(
    engine: Engine, dataset: Dataset, scope: Scope, named: Sequence[Named]
) -> dict[tuple[str, str | None], Estimate]:
    """Each metric over the whole scope, by (name, class or average)."""
    found = _fetch(engine, dataset, whole(scope), named)
    return {
        (n.name, of): estimate
        for n in named
        for of, estimate in _estimates(dataset, n, found, (None, None))
    }


def _estimates(
    dataset: Dataset, named: Named, found: Mapping[_Need, Mapping[Key, Any]], key: Key
) -> list[tuple[str | None, Estimate]]:
    """The metric of one group: one number, or one for each class."""
    need = found[_need(named)].get(key)
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


def _group_results(
    dataset: Dataset,
    question: Question,
    group: Group,
    named: Sequence[Named],
    sources: tuple[dict[_Need, Mapping[Key, Any]], dict[tuple[str, str | None], Estimate]],
) -> list[Result]:
    found, reference = sources
    rows = []
    for n in named:
        for of, estimate in _estimates(dataset, n, found, group.key):
            if n.metric.needs_labels and group.n_labelled == 0:
                missing = lacks(n.metric, dataset.schema)
                estimate = Estimate.undefined(missing or "no labels yet")
            compared = compare(n.metric, estimate, reference.get((n.name, of)))
            rows.append(_Row(n, of, estimate, compared))
    verdicts = judge(
        [(row.compared.evidence, tolerance_of(row.named.metric)) for row in rows],
        [
            (row.estimate, row.named.metric.better, question.thresholds.get(row.named.name))
            for row in rows
        ],
    )
    results = []
    for row, (verdict, p_adjusted) in zip(rows, verdicts, strict=True):
        result = _result(question, group, row)
        if result.verdict != "undefined" and verdict != "undefined":
            result = replace(result, verdict=verdict)
        results.append(replace(result, detail={**result.detail, "p_adjusted": p_adjusted}))
    return results


def _result(question: Question, group: Group, row: _Row) -> Result:
    estimate, metric = row.estimate, row.named.metric
    reason = estimate.reason
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
        verdict=verdict,  # type: ignore[arg-type]
        window=group.window,
        version=group.version,
        segment=question.scope.segment.text if question.scope.segment else None,
        reason=reason,
        detail=detail,
    )
