"""CBPE: how a binary classifier does before labels come, from its own calibrated probabilities.

On the reference each score is given the rate at which labels were positive (isotonic regression).
A row of now that has rate p counts as p of a positive and 1 - p of a negative, and the metric is
taken of those expected counts. It assumes no concept drift: that a score still means what it meant.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.core import Estimate, Metric
from analytics.needs import Confusion, Floats, Scores, Valued
from analytics.stats.intervals import Z95

MIN_ROWS = 30
NUDGE = 1e-5  # of all rows: the step of a slope by cell
INTERVAL = "delta, labels at the calibrated rates"
RANKED = ("roc_auc", "average_precision")
MEANS = ("brier", "log_loss")


@dataclass(frozen=True, slots=True)
class Calibration:
    """The rate of positives at every distinct score of the reference, and each rate's variance.

    ``careful`` is the rate by block as if half a positive and half a negative more had been seen.
    """

    score: Floats
    rate: Floats
    variance: Floats
    block: npt.NDArray[np.int64]
    n: int
    careful: Floats

    def rates(self, score: Floats) -> Floats:
        """The calibrated rates: straight lines between the reference's scores, flat beyond them."""
        found: Floats = np.interp(score, self.score, self.rate)
        return found


def calibrate(reference: Scores) -> Calibration | None:
    """Isotonic regression of the labels on the scores; None where a class is missing.

    >>> found = calibrate(Scores.from_arrays([False, True, False, True], [0.1, 0.2, 0.3, 0.4]))
    >>> found.rate.tolist(), found.rates(np.array([0.25, 0.35, 0.9])).round(6).tolist()
    ([0.0, 0.5, 0.5, 1.0], [0.5, 0.75, 1.0])
    """
    from scipy.optimize import isotonic_regression

    pos, neg = reference.positives, reference.negatives
    if min(float(pos.sum()), float(neg.sum())) <= 0:
        return None
    total = pos + neg
    rate = np.asarray(isotonic_regression(pos / total, weights=total).x, dtype=float)
    block = np.cumsum(np.append(False, np.diff(rate) > 0)).astype(np.int64)
    rows = np.bincount(block, weights=total)
    share = np.bincount(block, weights=pos) / rows
    careful = (share * rows + 0.5) / (rows + 1)  # no block is sure of itself by having no exception
    variance = careful * (1 - careful) / rows
    return Calibration(reference.score, rate, variance, block, reference.n, careful)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Rows of now by distinct (score, predicted class): how many, and their rate of positives."""

    score: Floats
    is_positive: npt.NDArray[np.bool_]
    count: Floats
    rate: Floats
    block: npt.NDArray[np.int64]
    variance: Floats
    careful: Floats

    @property
    def n(self) -> int:
        """Rows."""
        return int(self.count.sum())

    def spread(self, slope: Floats) -> tuple[float, float]:
        """Standard errors of a number that moves by ``slope`` where one row's rate moves by 1.

        Labels fall at random at their rates (the first), and the rates are known from so many rows
        only (the second). A rate of 0 or 1 is taken no surer than its block's rows allow.
        """
        careful = self.careful[self.block]
        chance = np.maximum(self.rate * (1 - self.rate), careful * (1 - careful))
        labels = float((slope**2 * self.count * chance).sum())
        by_block = np.bincount(self.block, slope * self.count, len(self.variance))
        return math.sqrt(labels), math.sqrt(float((by_block**2 * self.variance).sum()))


def forecast(
    calibration: Calibration,
    score: Floats,
    is_positive: npt.NDArray[np.bool_],
    count: Floats,
) -> Forecast:
    """Rows with their calibrated rates, in the order of their scores."""
    order = np.argsort(score, kind="stable")
    score, is_positive, count = score[order], is_positive[order], count[order]
    last = len(calibration.score) - 1
    at = np.minimum(np.searchsorted(calibration.score, score), last)
    rate = calibration.rates(score)
    block, variance = calibration.block[at], calibration.variance
    return Forecast(score, is_positive, count, rate, block, variance, calibration.careful)


def estimated(metric: Metric) -> bool:
    """Whether the metric can be estimated so: from counts by class, by rank, or as a mean loss."""
    by_counts = metric.needs in (Confusion, Valued) and metric.needs_labels
    return "binary" in metric.tasks and (by_counts or metric.name in (*RANKED, *MEANS))


def cbpe(
    metric: Metric,
    rows: Forecast,
    positive: str,
    negative: str,
    values: Mapping[tuple[str, str], float] | None = None,
) -> Estimate:
    """The metric as it is expected of these rows; ``detail.assumes`` says on what it rests.

    ``values`` are what a row of each (true class, predicted class) is worth.

    >>> from analytics.performance.accuracy import METRIC
    >>> reference = Scores.from_arrays([True, False] * 50, [0.9, 0.1] * 50)
    >>> found = forecast(calibrate(reference), np.array([0.5]), np.array([True]), np.array([100.0]))
    >>> round(cbpe(METRIC, found, "1", "0").value, 4)
    0.5
    """
    detail = {"method": "cbpe", "assumes": "no concept drift"}
    if rows.n < MIN_ROWS:
        reason = f"too few rows ({rows.n}, at least {MIN_ROWS})"
        return replace(Estimate.undefined(reason, rows.n), detail=detail)
    if metric.name == "average_precision":
        value, slope = ranked_precision(rows)
    elif metric.name == "roc_auc":
        value, slope = ranked_auc(rows)
    elif metric.name in MEANS:
        found = metric.compute(expected_scores(rows))
        value, slope = found.value, _mean_slope(metric, rows)
    else:
        value, slope = _by_counts(metric, rows, (negative, positive), values)
    if value is None or not math.isfinite(value):
        return replace(Estimate.undefined("it has no expected value", rows.n), detail=detail)
    return with_interval(metric, value, rows.n, rows.spread(slope), detail)


def with_interval(
    metric: Metric, value: float, n: int, spread: tuple[float, float], detail: Mapping[str, Any]
) -> Estimate:
    """The estimate with its interval; ``detail.se_reference`` is the part that the reference has in it."""
    se = math.hypot(*spread)
    low, high = bounded(metric, value, Z95 * se)
    told = {**detail, "se_reference": spread[1]}
    return Estimate(value, low, high, INTERVAL, n, se, detail=told)


def lean(metric: Metric, found: Estimate, own: Estimate, came: float | None) -> Estimate:
    """The interval reaches further on the side on which calibrated rates flatter themselves.

    Isotonic regression fits the rows it has learned from better than new ones: its expectation of
    the reference (``own``) lies off what the reference's labels say (``came``), for ROC AUC always
    above. New rows may fall short by as much; the value stays as it is.

    >>> from analytics.performance.accuracy import METRIC
    >>> told = lean(METRIC, Estimate(0.9, 0.88, 0.92), Estimate(0.91), 0.905)
    >>> round(told.low, 3), told.high, round(told.detail["optimism"], 3)
    (0.875, 0.92, 0.005)
    """
    if None in (found.value, found.low, found.high, own.value, came):
        return found
    assert found.low is not None and found.high is not None
    optimism = float(own.value or 0.0) - float(came or 0.0)
    low, high = found.low - max(optimism, 0.0), found.high + max(-optimism, 0.0)
    least, most = bounded(metric, float(found.value or 0.0), math.inf)
    detail = {**found.detail, "optimism": optimism}
    return replace(found, low=max(low, least), high=min(high, most), detail=detail)


def bounded(metric: Metric, value: float, half: float) -> tuple[float, float]:
    """The ends of an interval, within what the metric can be."""
    if metric.unit != "share" and metric.name not in RANKED:
        return value - half, value + half
    least = -1.0 if metric.name == "mcc" else 0.0
    return max(value - half, min(least, value)), min(value + half, max(1.0, value))


def expected_scores(rows: Forecast) -> Scores:
    """The rows by score, with the positives and negatives that are expected among them."""
    pos = rows.count * rows.rate
    return Scores(rows.score, pos, rows.count - pos, rows.n, float(rows.n))


def expected_confusion(rows: Forecast, classes: tuple[str, str]) -> Confusion:
    """Counts of (negative, positive) by predicted class that are expected."""
    counts = np.zeros((2, 2))
    for said in (0, 1):
        at = rows.is_positive == bool(said)
        counts[1, said] = float((rows.count * rows.rate)[at].sum())
        counts[0, said] = float(rows.count[at].sum()) - counts[1, said]
    return Confusion(classes, counts, rows.n, float(rows.n), classes[1])


def _by_counts(
    metric: Metric,
    rows: Forecast,
    classes: tuple[str, str],
    values: Mapping[tuple[str, str], float] | None,
) -> tuple[float | None, Floats]:
    table = expected_confusion(rows, classes)

    def value_of(counts: Floats) -> float | None:
        found = replace(table, counts=counts)
        need = Valued(found, values) if values is not None else found
        return metric.compute(need, of=classes[1]).value

    value = value_of(table.counts)
    slopes = []
    for said in (0, 1):  # one row of that predicted class that turns from negative to positive
        ends = []
        step = min(NUDGE * rows.n, 0.5 * float(table.counts[:, said].min()))
        for sign in (-1.0, 1.0):
            counts = table.counts.copy()
            counts[1, said] += sign * step
            counts[0, said] -= sign * step
            ends.append(value_of(counts))
        known = step > 0 and None not in ends
        slopes.append(
            (float(ends[1] or 0.0) - float(ends[0] or 0.0)) / (2 * step) if known else 0.0
        )
    return value, np.where(rows.is_positive, slopes[1], slopes[0])


def _mean_slope(metric: Metric, rows: Forecast) -> Floats:
    """How the mean loss moves where one row turns positive: by the difference of its two losses."""
    p = np.clip(rows.score, 1e-15, 1 - 1e-15)
    losses = ((1 - p) ** 2 - p**2) if metric.name == "brier" else np.log1p(-p) - np.log(p)
    found: Floats = losses / rows.n
    return found


def ranked_auc(rows: Forecast) -> tuple[float | None, Floats]:
    """Mann and Whitney's share of pairs, each row in part positive and in part negative."""
    pos = rows.count * rows.rate
    neg = rows.count - pos
    total_pos, total_neg = float(pos.sum()), float(neg.sum())
    if min(total_pos, total_neg) <= 0:
        return None, np.zeros(len(pos))
    _same, at = np.unique(rows.score, return_inverse=True)
    by_pos, by_neg = np.bincount(at, pos), np.bincount(at, neg)
    neg_below = (np.cumsum(by_neg) - by_neg / 2)[at]
    pos_above = (total_pos - np.cumsum(by_pos) + by_pos / 2)[at]
    value = float(pos @ neg_below) / (total_pos * total_neg)
    gain = (neg_below - pos_above) / (total_pos * total_neg)
    slope: Floats = gain - value / total_pos + value / total_neg
    return value, slope


def ranked_precision(rows: Forecast) -> tuple[float | None, Floats]:
    """Precision at each row in turn, weighed by the positives it brings; ties in a row one by one."""
    count = rows.count.astype(np.int64)[::-1]
    rate = np.repeat(rows.rate[::-1], count)
    total = float(rate.sum())
    if total <= 0:
        return None, np.zeros(len(rows.count))
    place = np.arange(1.0, len(rate) + 1)
    precision = np.cumsum(rate) / place
    value = float(rate @ precision) / total
    later = np.cumsum((rate / place)[::-1])[::-1]
    slope = (precision + later - value) / total
    group = np.repeat(np.arange(len(count)), count)
    mean = np.bincount(group, slope, len(count)) / np.maximum(count, 1)
    return value, mean[::-1]
