"""How much each row moves a number: paired differences follow from the difference of influences.

For a number that is a smooth function of the rows, its estimate minus the truth is about the mean
of one influence a row. On the same rows two models' influences are subtracted row by row, and the
spread of the differences is the standard error of the difference, correlation included.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from analytics.core import Estimate
from analytics.needs import Floats, Scores
from analytics.stats.intervals import normal_estimate
from analytics.stats.ranking import precision_influences

Bools = npt.NDArray[np.bool_]


def auc_influence(y_true: Bools, score: Floats, weight: Floats) -> tuple[float, Floats]:
    """(ROC AUC, influence of every row); squares of the influences sum to DeLong's variance.

    >>> y, w = np.array([False, False, True, True]), np.ones(4)
    >>> value, psi = auc_influence(y, np.array([0.1, 0.4, 0.35, 0.8]), w)
    >>> value, psi.round(3).tolist()
    (0.75, [0.125, -0.125, -0.125, 0.125])
    """
    scores = Scores.from_arrays(y_true, score, sample_weight=weight)
    n_pos, n_neg = float(scores.positives.sum()), float(scores.negatives.sum())
    below = (np.cumsum(scores.negatives) - scores.negatives / 2) / n_neg
    above = (n_pos - np.cumsum(scores.positives) + scores.positives / 2) / n_pos
    value = float(scores.positives @ below) / n_pos
    at = np.searchsorted(scores.score, score)
    placed = np.where(y_true, (below[at] - value) / n_pos, (above[at] - value) / n_neg)
    return value, np.asarray(weight * placed, dtype=float)


def precision_influence(y_true: Bools, score: Floats, weight: Floats) -> tuple[float, Floats]:
    """(average precision, influence of every row)."""
    scores = Scores.from_arrays(y_true, score, sample_weight=weight)
    value, of_pos, of_neg = precision_influences(scores)
    at = len(scores.score) - 1 - np.searchsorted(scores.score, score)
    return value, np.asarray(weight * np.where(y_true, of_pos[at], of_neg[at]), dtype=float)


def mean_influence(loss: Floats, weight: Floats) -> tuple[float, Floats]:
    """(weighted mean of a loss, influence of every row)."""
    total = float(weight.sum())
    value = float(weight @ loss) / total
    return value, weight * (loss - value) / total


def root_influence(loss: Floats, weight: Floats) -> tuple[float, Floats]:
    """(root of the weighted mean of a loss, influence of every row)."""
    value, psi = mean_influence(loss, weight)
    root = math.sqrt(value)
    return root, psi / (2 * root) if root > 0 else psi


def paired(
    candidate: tuple[float, Floats], baseline: tuple[float, Floats], method: str
) -> Estimate:
    """candidate minus baseline from both values and influences of the same rows."""
    n = len(candidate[1])
    change = candidate[1] - baseline[1]
    se = math.sqrt(float(change @ change) * n / max(n - 1, 1))
    value = candidate[0] - baseline[0]
    if se <= 0:
        p_value = 1.0 if value == 0 else 0.0
        return Estimate(
            value, value, value, method, n, 0.0, detail={"p_value": p_value, "test": method}
        )
    p_value = math.erfc(abs(value) / se / math.sqrt(2))
    return normal_estimate(value, se, n, method, p_value=p_value, test=method)
