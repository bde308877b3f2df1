"""Expected calibration error: how far probabilities stand from observed rates."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Floats, Scores

N_BINS = 15
N_DRAWS = 400


def equal_mass_bins(scores: Scores, n_bins: int = N_BINS) -> tuple[Floats, Floats, Floats]:
    """(weight, mean score, observed rate) of bins with about the same weight, tied scores together."""
    weight = scores.positives + scores.negatives
    middle = np.cumsum(weight) - weight / 2
    bins = np.minimum((middle / weight.sum() * n_bins).astype(int), n_bins - 1)
    mass = np.bincount(bins, weights=weight, minlength=n_bins)
    score = np.bincount(bins, weights=weight * scores.score, minlength=n_bins)
    positives = np.bincount(bins, weights=scores.positives, minlength=n_bins)
    kept = mass > 0
    return mass[kept].astype(float), score[kept] / mass[kept], positives[kept] / mass[kept]


def ece(scores: Scores, of: str | None = None) -> Estimate:
    """Mean distance of mean score and observed rate over 15 bins of equal mass.

    The plain number is biased upwards in small samples: ``detail.debiased`` is the root of the
    debiased square (Kumar, Liang and Ma 2019). The interval draws each bin's positives anew,
    400 times with a fixed seed, and is centred on the value (basic bootstrap).

    >>> round(ece(Scores.from_arrays([True, True, False, False], [0.9, 0.9, 0.1, 0.1])).value, 3)
    0.1
    """
    if scores.positives.sum() + scores.negatives.sum() <= 0:
        return Estimate.undefined("no labelled rows")
    mass, score, rate = equal_mass_bins(scores)
    share = mass / mass.sum()
    value = float(share @ np.abs(score - rate))
    n_eff = float(mass.sum()) ** 2 / scores.sum_w2 * share
    size = np.maximum(np.round(n_eff), 1).astype(int)
    draws = np.random.default_rng(0).binomial(size, rate, (N_DRAWS, len(size))) / size
    drawn = np.abs(score - draws) @ share
    low, high = 2 * value - np.quantile(drawn, (0.975, 0.025))
    square = share @ ((score - rate) ** 2 - rate * (1 - rate) / np.maximum(n_eff - 1, 1))
    detail = {"debiased": float(np.sqrt(max(square, 0.0))), "n_bins": len(mass)}
    low, high = float(max(low, 0.0)), float(max(high, 0.0))
    return Estimate(
        value,
        min(low, value),
        max(high, value),
        "bootstrap of bins",
        scores.n,
        float(drawn.std()),
        detail=detail,
    )


METRIC = Metric(
    name="ece",
    label="Calibration error",
    tasks=("binary",),
    needs=Scores,
    compute=ece,
    better="lower",
    unit="score",
    meaning="The mean distance between the probability given and the rate observed, over 15 groups"
    " of equal size. A model can be well calibrated and still rank badly.",
    source="Naeini, Cooper and Hauskrecht (2015), equal mass; debiased: Kumar, Liang and Ma (2019)",
    is_default=False,
    tolerance=(0.02, 0.05),
)
