"""Reliability: the observed rate where the model gave a probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.needs import Floats, Scores
from analytics.stats.calibration import equal_mass_bins
from analytics.stats.intervals import wilson


@dataclass(frozen=True, slots=True)
class Reliability:
    """Bins of equal mass: mean score, observed rate with Wilson's interval, and rows (effective)."""

    score: Floats
    rate: Floats
    low: Floats
    high: Floats
    n: Floats


def reliability(scores: Scores, n_bins: int = 15) -> Reliability | None:
    """Observed rates over bins of equal mass; None without labelled rows.

    >>> reliability(Scores.from_arrays([True, False], [0.9, 0.1])).rate.tolist()
    [0.0, 1.0]
    """
    total = float(scores.positives.sum() + scores.negatives.sum())
    if total <= 0:
        return None
    mass, score, rate = equal_mass_bins(scores, n_bins)
    n = mass * total / scores.sum_w2
    ends = np.array([wilson(float(r), float(size)) for r, size in zip(rate, n, strict=True)])
    return Reliability(score, rate, ends[:, 0], ends[:, 1], n)
