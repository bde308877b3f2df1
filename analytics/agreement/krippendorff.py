"""Krippendorff's alpha: any number of annotators, missing answers, classes or numbers."""

from __future__ import annotations

from typing import Literal

import numpy as np

from analytics.agreement.percent import disagreement
from analytics.agreement.ratings import Ratings, agreement_estimate
from analytics.core import Estimate
from analytics.needs import Floats

Level = Literal["nominal", "interval"]


def krippendorff(ratings: Ratings, level: Level = "nominal") -> Estimate:
    """1 - observed over expected disagreement of answers, in [-1, 1]; 1 is full agreement.

    ``nominal``: two answers agree or not. ``interval``: answers are numbers, and squared distances
    count (classes must be numbers as text). Items with fewer than two answers do not count.
    Undefined where every answer is the same. Krippendorff (2011).
    """
    reason = ratings.missing()
    if reason:
        return Estimate.undefined(reason, len(ratings.paired))
    counts = ratings.paired
    m = counts.sum(axis=1)
    if level == "nominal":
        apart = disagreement(counts) * m
        features = np.column_stack([apart, m, counts])
        return agreement_estimate(features, _nominal, n_answers=int(m.sum()))
    numbers = np.array([float(name) for name in ratings.classes])
    centre = float((counts @ numbers).sum() / m.sum())
    x = numbers - centre  # sums of squares of large numbers lose their digits
    total, squares = counts @ x, counts @ x**2
    apart = 2 * (m * squares - total**2) / (m - 1)
    features = np.column_stack([np.maximum(apart, 0.0), m, total, squares])
    return agreement_estimate(features, _interval, n_answers=int(m.sum()))


def _nominal(sums: Floats) -> Floats:
    n = sums[:, 1]
    expected = (n * n - (sums[:, 2:] ** 2).sum(axis=1)) / (n - 1)
    return _alpha(sums[:, 0], expected)


def _interval(sums: Floats) -> Floats:
    n = sums[:, 1]
    return _alpha(sums[:, 0], 2 * (n * sums[:, 3] - sums[:, 2] ** 2) / (n - 1))


def _alpha(observed: Floats, expected: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 1e-12, 1 - observed / expected, np.nan)
