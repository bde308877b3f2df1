"""How a model does before its labels come, beside the reference; assumes no concept drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analytics.catalog import Named, metrics_for, pick_metrics
from analytics.core import Dataset, Estimate, Question, Result
from analytics.errors import LogError, UsageError
from analytics.estimate.cbpe import Calibration, calibrate, cbpe, estimated, forecast
from analytics.evaluate.performance import metric_estimates
from analytics.evaluate.verdict import Compared, compare, judge, tolerance_of
from analytics.query.engine import Engine
from analytics.query.forecast import said_by_score
from analytics.query.frame import whole
from analytics.query.groups import Group, count_groups
from analytics.query.performance import scores

WHOLE = (None, None)
DEFAULT = ("roc_auc", "accuracy", "precision", "recall", "f1", "average_precision")
MIN_REFERENCE = 100


def can_be_estimated(dataset: Dataset) -> tuple[str, ...]:
    """The metrics of the model that need no labels to be estimated."""
    if dataset.schema.task != "binary" or not dataset.schema.has("score"):
        return ()
    return tuple(name for name, n in metrics_for("binary").items() if estimated(n.metric))


def estimate(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """CBPE of the asked metrics for every period and version; ``n`` are all rows, labelled or not.

    Scores are calibrated on the labelled rows of the reference. Each result carries
    ``detail.method`` and ``detail.assumes``. Raises LogError where the model has no scores of two
    classes, UsageError where the reference has too few labels or a metric cannot be estimated so.
    """
    if not can_be_estimated(dataset):
        raise LogError(
            f"{dataset.model} logs no probability of a positive class.",
            "Without labels a metric is estimated from calibrated probabilities of two classes.",
            "Map a score with --map score=COLUMN, or wait for labels.",
        )
    calibration = _calibrate(engine, dataset, question)
    named = _picked(dataset, question)
    groups = count_groups(engine, dataset, question.scope)
    said = said_by_score(engine, dataset, question.scope)
    assert question.reference is not None
    reference = metric_estimates(engine, dataset, whole(question.reference), named)
    schema = dataset.schema
    negative = next((c for c in schema.classes if c != schema.positive), "0")
    results: list[Result] = []
    for group in groups:
        found = []
        for n in named:
            value = Estimate.undefined("no rows with a score and a prediction")
            if group.key in said:
                one = said[group.key]
                rows = forecast(calibration, one.score, one.is_positive, one.count)
                value = cbpe(n.metric, rows, str(schema.positive), negative)
            found.append((n, value, compare(n.metric, value, reference.get((n.name, n.of)))))
        results += _judged(question, group, found)
    return results


def _picked(dataset: Dataset, question: Question) -> tuple[Named, ...]:
    known = can_be_estimated(dataset)
    for name in question.names:
        pick_metrics(dataset.schema, (name,))  # a wrong name says what is near
        if name not in known:
            raise UsageError(
                f"{name} cannot be estimated without labels.",
                "CBPE takes expected counts of right and wrong, or ranks.",
                f"Choose of: {', '.join(known)}.",
            )
    return pick_metrics(dataset.schema, question.names or [n for n in DEFAULT if n in known])


def _calibrate(engine: Engine, dataset: Dataset, question: Question) -> Calibration:
    if question.reference is None:
        raise UsageError(
            "An estimate without labels needs a reference with labels.",
            "On it the scores are calibrated.",
            "Import one: telltale import FILE --model NAME --as reference; or use previous or A..B.",
        )
    need = scores(engine, dataset, whole(question.reference)).get(WHOLE)
    found = calibrate(need) if need is not None and need.n >= MIN_REFERENCE else None
    if found is None:
        n = need.n if need is not None else 0
        raise UsageError(
            f"The reference has {n} labelled rows with a score: too few to calibrate on.",
            f"At least {MIN_REFERENCE} are needed, of both classes.",
            "Choose a longer reference.",
        )
    return found


def _judged(
    question: Question, group: Group, found: Sequence[tuple[Named, Estimate, Compared]]
) -> list[Result]:
    verdicts = judge(
        [(compared.evidence, tolerance_of(n.metric)) for n, _e, compared in found],
        [(e, n.metric.better, question.thresholds.get(n.name)) for n, e, _c in found],
    )
    results = []
    for (n, value, compared), (verdict, p_adjusted) in zip(found, verdicts, strict=True):
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
