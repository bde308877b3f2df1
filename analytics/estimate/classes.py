"""CBPE of several classes: each class's scores calibrated on the reference, then made to sum to 1.

A row of now that was predicted as j counts in row k of column j of the confusion table by its rate
of class k. It assumes no concept drift: that scores still mean what they meant.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analytics.core import Estimate, Metric
from analytics.estimate.cbpe import (
    MIN_ROWS,
    RANKED,
    Calibration,
    Forecast,
    calibrate,
    ranked_auc,
    ranked_precision,
    with_interval,
)
from analytics.needs import ClassScores, Confusion, Floats, Scores, Valued

NUDGE = 1e-4  # of all rows: the step of a slope by cell
AVERAGES = ("macro", "weighted")
ASSUMES = {"method": "cbpe", "assumes": "no concept drift"}

Values = Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class ClassForecast:
    """Rows of now: their scores and calibrated rates by class, and which class was predicted."""

    classes: tuple[str, ...]
    score: Floats
    rate: Floats
    said: npt.NDArray[np.intp]
    calibrations: tuple[Calibration, ...]

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.said)

    def spread(self, slope: Floats) -> tuple[float, float]:
        """Standard errors of a number that moves by ``slope[i, k]`` where row i is of class k.

        Labels fall at random at their rates (the first), and the rates are known from so many rows
        only (the second). A rate of 0 or 1 is taken no surer than its block's rows allow.
        """
        centred = slope - (self.rate * slope).sum(axis=1, keepdims=True)
        careful, variance = np.empty_like(self.rate), 0.0
        for k, calibration in enumerate(self.calibrations):
            at = np.searchsorted(calibration.score, self.score[:, k])
            block = calibration.block[np.minimum(at, len(calibration.score) - 1)]
            careful[:, k] = calibration.careful[block]
            by_block = np.bincount(block, centred[:, k], len(calibration.variance))
            variance += float((by_block**2 * calibration.variance).sum())
        careful /= careful.sum(axis=1, keepdims=True)
        chance = np.maximum(_variance(self.rate, slope), _variance(careful, slope))
        return math.sqrt(float(chance.sum())), math.sqrt(variance)


def _variance(rate: Floats, slope: Floats) -> Floats:
    """Of each row's slope, its class drawn at its rates."""
    mean = (rate * slope).sum(axis=1, keepdims=True)
    return np.asarray((rate * (slope - mean) ** 2).sum(axis=1))


def calibrate_classes(
    classes: tuple[str, ...],
    labels: npt.NDArray[np.str_],
    score: Floats,
    sample_weight: Floats | None = None,
) -> dict[str, Calibration] | None:
    """Isotonic regression for each class against the rest; None where a class is missing."""
    found = {}
    for k, name in enumerate(classes):
        one = calibrate(
            Scores.from_arrays(labels == name, score[:, k], sample_weight=sample_weight)
        )
        if one is None:
            return None
        found[name] = one
    return found


def forecast_classes(
    calibrations: Mapping[str, Calibration], said: npt.NDArray[np.str_], score: Floats
) -> ClassForecast:
    """Rows with their calibrated rates; a row whose rates are all zero keeps its scores.

    >>> labels, score = np.array(["a", "b"] * 50), np.array([[0.9, 0.1], [0.2, 0.8]] * 50)
    >>> known = calibrate_classes(("a", "b"), labels, score)
    >>> forecast_classes(known, np.array(["a"]), np.array([[0.55, 0.45]])).rate.round(3).tolist()
    [[0.5, 0.5]]
    """
    classes = tuple(calibrations)
    raw = np.column_stack([calibrations[c].rates(score[:, k]) for k, c in enumerate(classes)])
    total = raw.sum(axis=1, keepdims=True)
    own = np.clip(score, 1e-12, None)
    rate = np.where(total > 0, raw / np.where(total > 0, total, 1.0), own / own.sum(1)[:, None])
    index = {c: k for k, c in enumerate(classes)}
    places = np.array([index[c] for c in said.tolist()], dtype=np.intp)
    return ClassForecast(classes, score, rate, places, tuple(calibrations.values()))


def estimated_of_classes(metric: Metric) -> bool:
    """Whether a multiclass metric can be estimated so: from counts by class, or by rank."""
    by_counts = metric.needs in (Confusion, Valued) and metric.needs_labels
    return "multiclass" in metric.tasks and (
        by_counts or (metric.name in RANKED and metric.needs is ClassScores)
    )


def cbpe_of_classes(
    metric: Metric, rows: ClassForecast, of: str | None = None, values: Values | None = None
) -> Estimate:
    """The metric of a class or average as it is expected of these rows."""
    if rows.n < MIN_ROWS:
        reason = f"too few rows ({rows.n}, at least {MIN_ROWS})"
        return replace(Estimate.undefined(reason, rows.n), detail=ASSUMES)
    value, slope = (
        _by_rank(metric, rows, of)
        if metric.name in RANKED
        else _by_counts(metric, rows, of, values)
    )
    if value is None or not math.isfinite(value):
        return replace(Estimate.undefined("it has no expected value", rows.n), detail=ASSUMES)
    return with_interval(metric, value, rows.n, rows.spread(slope), ASSUMES)


def expected_table(rows: ClassForecast) -> Confusion:
    """Counts of (true class, predicted class) that are expected."""
    said = np.zeros((rows.n, len(rows.classes)))
    said[np.arange(rows.n), rows.said] = 1.0
    return Confusion(rows.classes, rows.rate.T @ said, rows.n, float(rows.n))


def _by_counts(
    metric: Metric, rows: ClassForecast, of: str | None, values: Values | None
) -> tuple[float | None, Floats]:
    table = expected_table(rows)

    def value_of(counts: Floats) -> float | None:
        found = replace(table, counts=counts)
        return metric.compute(Valued(found, values) if values is not None else found, of=of).value

    value = value_of(table.counts)
    size = len(rows.classes)
    slopes, step = np.zeros((size, size)), NUDGE * rows.n
    for i in range(size):
        for j in np.unique(rows.said).tolist():  # what one more row of that cell would change
            counts = table.counts.copy()
            counts[i, j] += step
            moved = value_of(counts)
            if moved is not None and value is not None:
                slopes[i, j] = (moved - value) / step
    return value, slopes.T[rows.said]


def _by_rank(metric: Metric, rows: ClassForecast, of: str | None) -> tuple[float | None, Floats]:
    """One class against the rest, or the mean over classes, by expected rows where weighted."""
    rank_of = {"roc_auc": ranked_auc, "average_precision": ranked_precision}
    slope = np.zeros_like(rows.rate)
    size = len(rows.classes)
    if of not in AVERAGES:
        weight = np.array([float(c == of) for c in rows.classes])
    else:
        weight = rows.rate.mean(axis=0) if of == "weighted" else np.full(size, 1 / size)
    total = 0.0
    for k in np.flatnonzero(weight).tolist():
        order = np.argsort(rows.score[:, k], kind="stable")
        one = Forecast(
            rows.score[order, k], rows.said[order] == k, np.ones(rows.n), rows.rate[order, k],
            np.zeros(rows.n, dtype=np.int64), np.zeros(1), np.zeros(1),
        )  # fmt: skip
        value, moved = rank_of[metric.name](one)
        if value is None:
            return None, slope
        total += float(weight[k]) * value
        slope[order, k] = weight[k] * moved
    return (total if weight.any() else None), slope
