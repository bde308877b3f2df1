"""What a metric adds up over rows: it is the sum of ``over`` divided by the sum of ``under``.

Shares and means have 1 below the line, precision the rows called positive, F1 twice the rows that
count in it. A metric that is no such ratio (ROC AUC ranks rows against each other) has no terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analytics.core import Dataset
from analytics.query.custom import QUANTILES
from analytics.query.expression import compile_expression
from analytics.query.performance import predicted_class
from analytics.sources.relation import quote_name, quote_text

EPS = 2.220446049250313e-16  # as in the metrics: probabilities and zero labels are moved by it
TOP_K = 3
BETA = 2


@dataclass(frozen=True, slots=True)
class Terms:
    """SQL of a row's share above and below the line, and which rows have one.

    ``is_root`` metrics are the root of the ratio. ``base`` names the rows below the line.
    """

    over: str
    under: str
    keep: str
    columns: tuple[str, ...]
    needs_labels: bool = True
    is_root: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)
    base: str = "rows"

    @property
    def is_mean(self) -> bool:
        """Whether the metric is a plain mean over rows."""
        return self.under == "1"


def terms_of(dataset: Dataset, name: str) -> Terms | None:
    """The terms of a metric by the name that answers carry; None where it does not decompose."""
    schema = dataset.schema
    own = next((metric for metric in schema.custom if metric.name == name), None)
    if own is not None:
        if own.aggregate == "sum" or own.aggregate in QUANTILES:
            return None
        found = compile_expression(own.expression, schema)
        value = f"({found.sql})::BOOLEAN::INT" if own.aggregate == "share" else f"({found.sql})"
        value = f"CAST({value} AS DOUBLE)"
        keep = f"isfinite({value})" + (" AND label IS NOT NULL" if found.needs_labels else "")
        return Terms(value, "1", keep, found.columns, found.needs_labels, values=found.values)
    kinds = {"binary": _binary, "multiclass": _multiclass, "regression": _regression}
    return kinds[schema.task](dataset, name) if schema.task in kinds else None


def _classes(dataset: Dataset) -> tuple[str, str]:
    """SQL of the predicted class, and of the rows that have it and a label."""
    predicted = predicted_class(dataset)
    return predicted, f"label IS NOT NULL AND {predicted} IS NOT NULL"


_READ = ("prediction", "score")


def _either(dataset: Dataset, name: str) -> Terms | None:
    """Terms that both kinds of classes have."""
    predicted, keep = _classes(dataset)
    if name == "accuracy":
        return Terms(f"({predicted} = label)::INT", "1", keep, _READ)
    if name == "business_value" and dataset.schema.values:
        cases = " ".join(
            f"WHEN label = {quote_text(truth)} AND {predicted} = {quote_text(said)}"
            f" THEN {float(worth)!r}::DOUBLE"
            for truth, said, worth in dataset.schema.values
        )
        return Terms(f"CASE {cases} ELSE 0 END", "1", keep, _READ)
    return None


def _binary(dataset: Dataset, name: str) -> Terms | None:
    predicted, keep = _classes(dataset)
    positive = quote_text(str(dataset.schema.positive))
    said, true = f"({predicted} = {positive})::INT", f"(label = {positive})::INT"
    both, scored = f"{said} * {true}", "label IS NOT NULL AND isfinite(score)"
    ratios = {
        "precision": (both, said, "rows called positive"),
        "recall": (both, true, "positive rows"),
        "specificity": (f"(1 - {said}) * (1 - {true})", f"(1 - {true})", "negative rows"),
        "f1": (f"2 * {both}", f"({said} + {true})", "rows that count"),
        "fbeta": (
            f"{1 + BETA**2} * {both}", f"({BETA**2} * {true} + {said})", "rows that count",
        ),
    }  # fmt: skip
    if name in ratios:
        over, under, base = ratios[name]
        return Terms(over, under, keep, _READ, base=base)
    if name == "positive_rate":
        return Terms(said, "1", f"{predicted} IS NOT NULL", _READ, needs_labels=False)
    if not dataset.schema.has("score"):
        return _either(dataset, name)
    if name == "mean_score":
        return Terms("score", "1", "isfinite(score)", ("score",), needs_labels=False)
    if name == "brier":
        return Terms(f"power(score - {true}, 2)", "1", scored, ("score",))
    if name == "log_loss":
        p = f"greatest({EPS!r}::DOUBLE, least(1 - {EPS!r}::DOUBLE, score))"
        return Terms(
            f"-ln(CASE WHEN {true} = 1 THEN {p} ELSE 1 - {p} END)", "1", scored, ("score",)
        )
    return _either(dataset, name)


def _multiclass(dataset: Dataset, name: str) -> Terms | None:
    if name in ("precision_micro", "recall_micro", "f1_micro", "recall_weighted"):
        name = "accuracy"  # the same number under other names
    classes = [c.class_name for c in dataset.schema.columns if c.role == "score" and c.class_name]
    if name not in ("log_loss", "top_k") or not classes:
        return _either(dataset, name)
    columns = tuple(f"score_{c}" for c in classes)
    names = [quote_name(c) for c in columns]
    cases = [f"WHEN {quote_text(c)} THEN {n}" for c, n in zip(classes, names, strict=True)]
    own = f"(CASE label {' '.join(cases)} END)"
    if name == "log_loss":
        p = f"greatest({EPS!r}::DOUBLE, least(1 - {EPS!r}::DOUBLE, {own}))"
        return Terms(f"-ln({p})", "1", f"isfinite({own})", columns)
    above = " + ".join(f"({n} > {own})::INT" for n in names)
    present = " AND ".join(f"{n} IS NOT NULL" for n in names)
    return Terms(f"({above} < {TOP_K})::INT", "1", f"{own} IS NOT NULL AND {present}", columns)


def _regression(dataset: Dataset, name: str) -> Terms | None:
    if name in ("pinball", "interval_coverage"):
        return _quantiles(dataset, name)
    error = "(prediction - label)"
    losses = {
        "mae": f"abs{error}",
        "mse": f"power({error}, 2)",
        "rmse": f"power({error}, 2)",
        "mean_error": error,
        "mape": f"abs{error} / greatest(abs(label), {EPS!r}::DOUBLE)",
        "smape": f"coalesce(2 * abs{error} / nullif(abs(label) + abs(prediction), 0), 0)",
        "rmsle": "power(ln(1 + prediction) - ln(1 + label), 2)",
    }
    if name not in losses:
        return None
    keep = "isfinite(label) AND isfinite(prediction)"
    is_root = name in ("rmse", "rmsle")
    return Terms(losses[name], "1", keep, ("prediction",), is_root=is_root)


def _quantiles(dataset: Dataset, name: str) -> Terms | None:
    levels = sorted(
        float(c.class_name) for c in dataset.schema.columns if c.role == "quantile" and c.class_name
    )
    if not levels or (name == "interval_coverage" and len(levels) < 2):
        return None
    columns = tuple(f"quantile_{level!r}" for level in levels)
    names = [quote_name(c) for c in columns]
    keep = " AND ".join(f"isfinite({n})" for n in ("label", *names))
    if name == "interval_coverage":
        inside = f"(label >= {names[0]} AND label <= {names[-1]})::INT"
        return Terms(inside, "1", keep, columns)
    losses = [
        f"greatest({q!r}::DOUBLE * (label - {n}), {q - 1!r}::DOUBLE * (label - {n}))"
        for q, n in zip(levels, names, strict=True)
    ]
    return Terms(f"({' + '.join(losses)}) / {len(levels)}", "1", keep, columns)
