"""Metrics that are a mean over rows, as SQL: what each labelled row loses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from analytics.core import Better, CustomMetric, Dataset
from analytics.query.expression import compile_expression
from analytics.query.performance import predicted_class
from analytics.sources.relation import quote_name, quote_text

EPS = "2.220446049250313e-16"


@dataclass(frozen=True, slots=True)
class RowLoss:
    """A metric by its rows: ``loss`` of a row (higher is worse) where ``keep`` holds, both SQL.

    The metric is ``top - mean loss`` where there is a ``top``, else the mean loss, its root with
    ``is_root``. ``is_share`` says that each row loses nothing or one; otherwise a row loses between
    nothing and ``limit`` where there is one.
    """

    name: str
    label: str
    loss: str
    keep: str = "true"
    columns: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    top: float | None = None
    is_share: bool = False
    is_root: bool = False
    needs_labels: bool = True
    limit: float | None = None

    @property
    def most(self) -> float | None:
        """What a row can lose at most, None where nobody can say."""
        return 1.0 if self.is_share else self.limit

    @property
    def unit(self) -> str:
        """The unit of the metric for words."""
        if self.is_share:
            return "share"
        return "score" if self.name in ("brier", "rmsle", "mape", "smape") else (
            "nats" if self.name == "log_loss" else "label"
        )  # fmt: skip

    @property
    def better(self) -> Better:
        """Which direction of the metric is better."""
        return "lower" if self.top is None else "higher"

    def of_mean(self, mean: float, variance: float) -> tuple[float, float]:
        """The metric and its variance, of the mean loss and the variance of that."""
        if self.is_root:
            root = max(mean, 0.0) ** 0.5
            return root, variance / (4 * mean) if mean > 0 else variance
        return (mean if self.top is None else self.top - mean), variance


def row_losses(dataset: Dataset) -> dict[str, RowLoss]:
    """Every metric of the model that is a mean over rows, the main one first."""
    makers: dict[str, Callable[[Dataset], list[RowLoss]]] = {
        "binary": _binary,
        "multiclass": _multiclass,
        "regression": _regression,
    }
    found = makers[dataset.schema.task](dataset) if dataset.schema.task in makers else []
    found += [loss for c in dataset.schema.custom if (loss := _custom(c, dataset)) is not None]
    return {loss.name: loss for loss in found}


def _wrong(dataset: Dataset) -> RowLoss:
    said = predicted_class(dataset)
    return RowLoss(
        "accuracy", "Accuracy", f"({said} <> label)::INT", f"{said} IS NOT NULL",
        ("prediction", "score"), top=1.0, is_share=True,
    )  # fmt: skip


def _binary(dataset: Dataset) -> list[RowLoss]:
    said, yes = predicted_class(dataset), quote_text(str(dataset.schema.positive))
    wrong = _wrong(dataset)
    found = [wrong]
    if dataset.schema.has("score"):
        own = f"CASE WHEN label = {yes} THEN score ELSE 1 - score END"
        keep = "isfinite(score) AND score BETWEEN 0 AND 1"
        surprise = f"-ln(greatest(least({own}, 1 - {EPS}), {EPS}))"
        found += [
            RowLoss("log_loss", "Log loss", surprise, keep, ("score",)),
            RowLoss("brier", "Brier score", f"(1 - ({own})) ** 2", keep, ("score",), limit=1.0),
        ]
    subsets = {
        "recall": ("Recall", f"label = {yes}"),
        "specificity": ("Specificity", f"label <> {yes}"),
        "precision": ("Precision", f"{said} = {yes}"),
    }
    for name, (label, which) in subsets.items():
        keep = f"{wrong.keep} AND {which}"
        found.append(RowLoss(name, label, wrong.loss, keep, wrong.columns, top=1.0, is_share=True))
    return found + _worth(dataset, wrong)


def _multiclass(dataset: Dataset) -> list[RowLoss]:
    wrong = _wrong(dataset)
    found = [wrong]
    classes = [
        c.class_name
        for c in dataset.schema.columns
        if c.role == "score" and c.class_name is not None
    ]
    if classes:
        columns = tuple(f"score_{name}" for name in classes)
        names = [quote_name(c) for c in columns]
        cases = [f"WHEN {quote_text(c)} THEN {n}" for c, n in zip(classes, names, strict=True)]
        own = f"CASE label {' '.join(cases)} END"
        keep = f"isfinite({own}) AND {own} BETWEEN 0 AND 1"
        surprise = f"-ln(greatest(least({own}, 1 - {EPS}), {EPS}))"
        found.append(RowLoss("log_loss", "Log loss", surprise, keep, columns))
        above = " + ".join(f"({name} > {own})::INT" for name in names)
        present = " AND ".join(f"{n} IS NOT NULL" for n in (*names, own))
        found.append(
            RowLoss(
                "top_k", "Top-3 accuracy", f"({above} >= 3)::INT", present, columns, top=1.0,
                is_share=True,
            )
        )  # fmt: skip
    return found + _worth(dataset, wrong)


def _worth(dataset: Dataset, wrong: RowLoss) -> list[RowLoss]:
    """What a row falls short of the best worth that was set."""
    if not dataset.schema.values:
        return []
    worths = [0.0, *(worth for _truth, _said, worth in dataset.schema.values)]
    top = max(worths)
    said = predicted_class(dataset)
    cases = " ".join(
        f"WHEN label = {quote_text(truth)} AND {said} = {quote_text(given)} THEN {worth!r}::DOUBLE"
        for truth, given, worth in dataset.schema.values
    )
    loss = f"{top!r}::DOUBLE - CASE {cases} ELSE 0 END"
    return [
        RowLoss(
            "business_value", "Value of a prediction", loss, wrong.keep, wrong.columns, top=top,
            limit=top - min(worths),
        )
    ]  # fmt: skip


def _regression(dataset: Dataset) -> list[RowLoss]:
    miss, keep = "(prediction - label)", "isfinite(prediction) AND isfinite(label)"
    size = "(abs(label) + abs(prediction))"
    logs = "(ln(1 + prediction) - ln(1 + label))"
    columns = ("prediction",)
    found = [
        RowLoss("mae", "MAE", f"abs{miss}", keep, columns),
        RowLoss("mse", "MSE", f"{miss} ** 2", keep, columns),
        RowLoss("rmse", "RMSE", f"{miss} ** 2", keep, columns, is_root=True),
        RowLoss("mape", "MAPE", f"abs{miss} / greatest(abs(label), {EPS})", keep, columns),
        RowLoss(
            "smape", "sMAPE", f"CASE WHEN {size} > 0 THEN 2 * abs{miss} / {size} ELSE 0 END",
            keep, columns, limit=2.0,
        ),
        RowLoss(
            "rmsle", "RMSLE", f"CASE WHEN prediction > -1 AND label > -1 THEN {logs} ** 2 END",
            f"{keep} AND prediction > -1 AND label > -1", columns, is_root=True,
        ),
    ]  # fmt: skip
    return found + _pinball(dataset)


def _pinball(dataset: Dataset) -> list[RowLoss]:
    levels = sorted(
        float(c.class_name) for c in dataset.schema.columns if c.role == "quantile" and c.class_name
    )
    if not levels:
        return []
    columns = tuple(f"quantile_{level!r}" for level in levels)
    pieces = [
        f"greatest({q!r} * (label - {n}), {q - 1!r} * (label - {n}))"
        for q, n in zip(levels, map(quote_name, columns), strict=True)
    ]
    keep = " AND ".join(f"isfinite({n})" for n in ("label", *map(quote_name, columns)))
    loss = f"({' + '.join(pieces)}) / {len(levels)}"
    return [RowLoss("pinball", "Pinball loss", loss, keep, columns)]


def _custom(metric: CustomMetric, dataset: Dataset) -> RowLoss | None:
    """A metric of the model's own, where it is a mean with a direction."""
    if metric.aggregate not in ("mean", "share") or metric.better not in ("higher", "lower"):
        return None
    found = compile_expression(metric.expression, dataset.schema)
    is_share = metric.aggregate == "share"
    value = f"({found.sql})::BOOLEAN::INT" if is_share else f"CAST(({found.sql}) AS DOUBLE)"
    top = (1.0 if is_share else 0.0) if metric.better == "higher" else None
    loss = value if top is None else f"({top!r}::DOUBLE - {value})"
    return RowLoss(
        metric.name, metric.label or metric.name, loss, f"isfinite(CAST({value} AS DOUBLE))",
        tuple(found.columns), dict(found.values), top, is_share, needs_labels=found.needs_labels,
    )  # fmt: skip
