"""Percent agreement: how often two annotators of the same item say the same."""

from __future__ import annotations

import numpy as np

from analytics.agreement.ratings import Ratings, agreement_estimate
from analytics.core import Estimate
from analytics.needs import Floats


def percent(ratings: Ratings) -> Estimate:
    """The share of agreeing pairs of an item's answers, mean over items with two or more; in [0, 1].

    Agreement by chance is not taken off: two annotators who toss coins reach 0.5.

    >>> rows = [("1", "a", "x"), ("1", "b", "x"), ("2", "a", "x"), ("2", "b", "y")]
    >>> percent(Ratings.from_rows(rows)).value
    0.5
    """
    reason = ratings.missing()
    if reason:
        return Estimate.undefined(reason, len(ratings.paired))
    apart = disagreement(ratings.paired)
    return agreement_estimate(
        np.column_stack([apart, np.ones(len(apart))]), _share, n_answers=int(ratings.paired.sum())
    )


def _share(sums: Floats) -> Floats:
    return np.asarray(1 - sums[:, 0] / sums[:, 1])


def disagreement(counts: Floats) -> Floats:
    """The share of unlike pairs among the answers of each item."""
    m = counts.sum(axis=1)
    return np.asarray(1 - (counts * (counts - 1)).sum(axis=1) / (m * (m - 1)))
