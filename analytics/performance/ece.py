"""Expected calibration error: how far probabilities stand from observed rates."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Scores
from analytics.stats.calibration import (
    NOT_PROBABILITIES,
    are_probabilities,
    equal_mass_bins,
    error_ends,
)


def ece(scores: Scores, of: str | None = None) -> Estimate:
    """Mean distance of mean score and observed rate over 15 bins of equal mass, in [0, 1].

    The plain number is biased upwards in small samples: ``detail.debiased`` is the root of the
    debiased square (Kumar, Liang and Ma 2019). The interval is for the error that is there
    beneath the noise, so the value may stand at its upper end; see ``error_ends``.

    >>> round(ece(Scores.from_arrays([True, True, False, False], [0.9, 0.9, 0.1, 0.1])).value, 3)
    0.1
    """
    total = float(scores.positives.sum() + scores.negatives.sum())
    if total <= 0:
        return Estimate.undefined("no labelled rows", scores.n)
    if not are_probabilities(scores):
        return Estimate.undefined(NOT_PROBABILITIES, scores.n)
    mass, score, rate = equal_mass_bins(scores)
    share, n = mass / total, mass * total / scores.sum_w2
    value = float(share @ np.abs(score - rate))
    square = float(share @ ((score - rate) ** 2 - rate * (1 - rate) / np.maximum(n - 1, 1)))
    detail = {
        "debiased": math.sqrt(max(square, 0.0)),
        "n_bins": len(mass),
        "n_invalid": scores.n_invalid,
    }
    low, high, se = error_ends(share, score, rate, n)
    return Estimate(value, low, high, "simulated bins", scores.n, se, detail=detail)


METRIC = Metric(
    name="ece",
    label="Calibration error",
    tasks=("binary",),
    needs=Scores,
    compute=ece,
    better="lower",
    unit="score",
    meaning="The mean distance between the probability given and the rate observed, over 15 groups"
    " of equal size. Chance alone keeps it above zero, and a model can be well calibrated and"
    " still rank badly. Its interval is approximate with any number of rows: it held the truth"
    " in 90 to 98 % of simulated logs.",
    source="Naeini, Cooper and Hauskrecht (2015), equal mass; debiased: Kumar, Liang and Ma (2019);"
    " interval: test inversion over simulated bins",
    is_default=False,
    tolerance=(0.02, 0.05),
)
