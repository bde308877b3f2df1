"""Calibration slope: whether probabilities are too bold (below 1) or too timid (above 1)."""

from __future__ import annotations

import math

from analytics.core import Estimate, Metric
from analytics.needs import Scores
from analytics.stats.calibration import NOT_PROBABILITIES, are_probabilities
from analytics.stats.intervals import normal_estimate
from analytics.stats.recalibration import recalibrate


def calibration_slope(scores: Scores, of: str | None = None) -> Estimate:
    """The slope of the logistic regression of labels on the log odds of the score; 1 is right.

    ``detail.intercept`` is the shift in log odds that goes with it.

    >>> rows = [(0.2, 20, 80), (0.8, 80, 20)]
    >>> y = [k < p for s, p, n in rows for k in range(p + n)]
    >>> s = [s for s, p, n in rows for k in range(p + n)]
    >>> round(calibration_slope(Scores.from_arrays(y, s)).value, 6)
    1.0
    """
    if not are_probabilities(scores):
        return Estimate.undefined(NOT_PROBABILITIES, scores.n)
    found = recalibrate(scores)
    if found is None:
        why = "the labels do not determine a slope"
        return Estimate(None, n=scores.n, reason=why, detail={"n_invalid": scores.n_invalid})
    intercept, slope, covariance = found
    se = math.sqrt(float(covariance[1, 1]))
    detail = {
        "intercept": intercept,
        "intercept_se": math.sqrt(float(covariance[0, 0])),
        "n_invalid": scores.n_invalid,
    }
    return normal_estimate(slope, se, scores.n, "Wald", **detail)


METRIC = Metric(
    name="calibration_slope",
    label="Calibration slope",
    tasks=("binary",),
    needs=Scores,
    compute=calibration_slope,
    better="neither",
    unit="score",
    meaning="By how much the log odds of the scores would have to be stretched to fit the labels."
    " Below 1 the model is too sure of itself, above 1 too timid; 1 does not prove calibration.",
    source="Cox (1958), Miller et al. (1993); interval: Wald, from the information matrix",
    is_default=False,
    tolerance=(0.1, 0.25),
)
