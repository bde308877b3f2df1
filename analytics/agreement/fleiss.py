"""Fleiss' kappa of many annotators who need not be the same on each item."""

from __future__ import annotations

import numpy as np

from analytics.agreement.percent import disagreement
from analytics.agreement.ratings import Ratings, agreement_estimate
from analytics.core import Estimate
from analytics.needs import Floats


def fleiss(ratings: Ratings) -> Estimate:
    """(P - Pe) / (1 - Pe): agreeing pairs, beyond what the classes' shares would give by chance.

    Items with two or more answers count, each as one; their numbers of answers may differ, and
    classes' shares are taken over answers. At most 1; undefined where every answer is one class.
    Fleiss (1971).
    """
    reason = ratings.missing()
    if reason:
        return Estimate.undefined(reason, len(ratings.paired))
    return fleiss_of_counts(ratings.paired)


def fleiss_of_counts(counts: Floats) -> Estimate:
    """The same from answers by item (rows) and class (columns).

    >>> fleiss_of_counts(np.array([[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]])).value.__round__(6)
    0.333333
    """
    features = np.column_stack([disagreement(counts), np.ones(len(counts)), counts])

    def of(sums: Floats) -> Floats:
        share = sums[:, 2:] / sums[:, 2:].sum(axis=1, keepdims=True)
        expected = 1 - (share**2).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = 1 - sums[:, 0] / sums[:, 1] / expected
        return np.where(expected > 1e-12, found, np.nan)

    return agreement_estimate(features, of, n_answers=int(counts.sum()))
