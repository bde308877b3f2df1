"""How a model does before its labels come, beside the reference; assumes no concept drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analytics.catalog import Named, lacks, metrics_for, pick_metrics
from analytics.core import Dataset, Estimate, Question, Result, Scope, Task
from analytics.errors import LogError, UsageError
from analytics.estimate.cbpe import estimated
from analytics.estimate.classes import estimated_of_classes
from analytics.estimate.dle import estimated_by_losses
from analytics.evaluate.estimators import (
    Maker,
    classes_scored,
    of_losses,
    of_several,
    of_two,
)
from analytics.evaluate.performance import metric_estimates
from analytics.evaluate.verdict import Compared, compare, judge, tolerance_of
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.groups import Group, count_groups

DEFAULT: dict[Task, tuple[str, ...]] = {
    "binary": ("roc_auc", "accuracy", "precision", "recall", "f1", "average_precision"),
    "multiclass": ("accuracy", "f1_macro", "precision_macro", "recall_macro", "roc_auc_macro"),
    "regression": ("mae", "rmse"),
}


def can_be_estimated(dataset: Dataset) -> tuple[str, ...]:
    """The metrics of the model that need no labels to be estimated."""
    schema = dataset.schema
    known = {k: n.metric for k, n in metrics_for(schema.task).items()}
    known = {k: metric for k, metric in known.items() if lacks(metric, schema) is None}
    if schema.task == "binary" and schema.has("score"):
        return tuple(name for name, metric in known.items() if estimated(metric))
    if schema.task == "multiclass" and len(classes_scored(dataset)) == len(schema.classes) > 1:
        return tuple(name for name, metric in known.items() if estimated_of_classes(metric))
    if schema.task == "regression" and schema.has("prediction"):
        return tuple(name for name, metric in known.items() if estimated_by_losses(metric))
    return ()


def estimate(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """Estimates of the asked metrics for every period and version; ``n`` are all rows, labelled or not.

    Scores are calibrated on the labelled rows of the reference (CBPE); of a regression the losses
    are learned on it (DLE). Each result carries
    ``detail.method`` and ``detail.assumes``. Raises LogError where the model has no scores,
    UsageError where the reference has too few labels or a metric cannot be estimated so.
    """
    reference, make = estimators_of(dataset, question)
    named = picked(dataset, question)
    of_group = make(engine, dataset, question.scope, reference, named)
    known = metric_estimates(engine, dataset, whole(reference), named)
    results: list[Result] = []
    for group in count_groups(engine, dataset, question.scope):
        found = [
            (n, of, value, compare(n.metric, value, known.get((n.name, of))))
            for n, of, value in of_group(group.key)
        ]
        results += judged(question, group, found)
    return results


def estimators_of(dataset: Dataset, question: Question) -> tuple[Scope, Maker]:
    """The reference to learn from, and what makes the estimators of the model's task.

    Raises LogError where the model has no scores, UsageError without a reference.
    """
    if not can_be_estimated(dataset):
        raise LogError(
            f"{dataset.model} logs no probability of a class.",
            "Without labels a metric is estimated from calibrated probabilities of the classes.",
            "Map a score with --map score=COLUMN, or wait for labels.",
        )
    if question.reference is None:
        raise UsageError(
            "An estimate without labels needs a reference with labels.",
            "On it the scores are calibrated.",
            "Import one: telltale import FILE --model NAME --as reference; or use previous or A..B.",
        )
    by_task = {"binary": of_two, "multiclass": of_several, "regression": of_losses}
    return question.reference, by_task[dataset.schema.task]


def picked(dataset: Dataset, question: Question) -> tuple[Named, ...]:
    """The asked metrics, or the usual ones; UsageError for one that has no estimate."""
    known = can_be_estimated(dataset)
    for name in question.names:
        pick_metrics(dataset.schema, (name,))  # a wrong name says what is near
        if name not in known:
            raise UsageError(
                f"{name} cannot be estimated without labels.",
                "An estimate takes expected counts of right and wrong, ranks, or mean losses.",
                f"Choose of: {', '.join(known)}.",
            )
    return pick_metrics(
        dataset.schema, question.names or [n for n in DEFAULT[dataset.schema.task] if n in known]
    )


def judged(
    question: Question, group: Group, found: Sequence[tuple[Named, str | None, Estimate, Compared]]
) -> list[Result]:
    """Results of one group, with their verdicts against the reference."""
    verdicts = judge(
        [(compared.evidence, tolerance_of(n.metric)) for n, _of, _e, compared in found],
        [(e, n.metric.better, question.thresholds.get(n.name)) for n, _of, e, _c in found],
    )
    results = []
    for (n, of, value, compared), (verdict, p_adjusted) in zip(found, verdicts, strict=True):
        metric = n.metric
        detail = {
            **value.detail,
            **compared.detail,
            "label": metric.label,
            "better": metric.better,
            "unit": metric.unit,
            "tolerance": list(metric.tolerance),
            "p_adjusted": p_adjusted,
            "se": value.se,
        }
        if of is not None and of not in metric.averages:
            detail["class"] = of
        base = Result(
            name=n.name,
            value=value.value,
            low=value.low,
            high=value.high,
            interval=value.interval,
            n=group.n,
            verdict="undefined",
            window=group.window,
            version=group.version,
            segment=question.scope.segment.text if question.scope.segment else None,
            reason=value.reason,
            detail=detail,
        )
        results.append(base if value.value is None else replace(base, verdict=verdict))
    return results
