"""ATC: the share of rows whose confidence passes the threshold that gives the reference its accuracy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from analytics.core import Estimate
from analytics.needs import Floats
from analytics.stats.intervals import Z95

MIN_ROWS = 100
INTERVAL = "binomial, of both sides"
DETAIL = {"method": "atc", "assumes": "no concept drift"}


def confidence(score: Floats) -> Floats:
    """How sure a row is: the largest score of its classes (one column is the positive class's).

    >>> confidence(np.array([[0.2], [0.9]])).tolist(), confidence(np.array([[0.2, 0.5, 0.3]])).tolist()
    ([0.8, 0.9], [0.5])
    """
    if score.shape[1] == 1:
        return np.asarray(np.maximum(score[:, 0], 1 - score[:, 0]))
    return np.asarray(score.max(axis=1))


def atc(
    reference: Floats,
    is_right: npt.NDArray[np.bool_],
    current: Floats,
    weight: Floats | None = None,
) -> Estimate:
    """Accuracy by average thresholded confidence (Garg et al. 2022).

    The threshold leaves as much weight of the reference below it as was wrong; ties with it count
    in part.

    >>> sure = np.repeat([0.6, 0.9], 100)
    >>> round(atc(sure, sure > 0.7, np.repeat([0.6, 0.9], [50, 150])).value, 2)
    0.75
    """
    m, n = len(reference), len(current)
    if min(m, n) < MIN_ROWS:
        return Estimate(
            None, n=n, reason=f"too few rows ({min(m, n)}, at least {MIN_ROWS})", detail=DETAIL
        )
    weight = np.ones(m) if weight is None else weight / weight.mean()
    wrong = float(weight[~is_right].sum())
    order = np.argsort(reference, kind="stable")
    upto = np.cumsum(weight[order])
    threshold = float(reference[order][min(int(np.searchsorted(upto, wrong, "right")), m - 1)])
    below = float(weight[reference < threshold].sum())
    part = (wrong - below) / float(weight[reference == threshold].sum())
    share_below = float((current < threshold).mean())
    value = 1 - share_below - part * float((current == threshold).mean())
    value = min(max(value, 0.0), 1.0)
    error, worth = wrong / m, m**2 / float((weight**2).sum())
    variance = value * (1 - value) * 2 / n + error * (1 - error) / worth  # rows, labels, threshold
    half = Z95 * math.sqrt(variance)
    return Estimate(
        value, max(value - half, 0.0), min(value + half, 1.0), INTERVAL, n, half / Z95,
        detail=DETAIL | {"threshold": threshold},
    )  # fmt: skip
