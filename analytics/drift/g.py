"""The likelihood ratio statistic G of two samples over the same levels."""

from __future__ import annotations

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.drift.bins import Floats, level_counts, sizes, too_few
from analytics.needs import LevelPair
from analytics.stats.discrete import ENOUGH, chi_square_p


def likelihood_ratio(reference: Floats, current: Floats) -> float:
    """Twice the log likelihood ratio of two laws against one; empty cells count nothing.

    >>> round(likelihood_ratio(np.array([10.0, 20.0]), np.array([20.0, 10.0])), 6)
    6.795961
    """
    pooled, total = reference + current, float(reference.sum() + current.sum())
    statistic = 0.0
    for counts in (reference, current):
        held = counts > 0
        hoped = pooled[held] * (float(counts.sum()) / total)
        statistic += 2 * float((counts[held] * np.log(counts[held] / hoped)).sum())
    return max(0.0, statistic)


def compute(pair: LevelPair) -> Estimate:
    """G as ``chi2_contingency(correction=False, lambda_="log-likelihood")``.

    ``detail.is_reliable`` is false where some level is expected in fewer than five rows. A test
    statistic has no interval. Undefined with fewer than 30 rows on a side.
    """
    undefined = too_few(pair)
    if undefined:
        return undefined
    n, m = sizes(pair)
    ref, cur = level_counts(pair)
    statistic, degrees = likelihood_ratio(ref, cur), len(ref) - 1
    smallest = float(np.min(ref + cur)) * min(n, m) / (n + m)
    detail = {
        "p_value": chi_square_p(statistic, degrees),
        "degrees": degrees,
        "smallest_expected": smallest,
        "is_reliable": smallest >= ENOUGH,
        "n_reference": m,
    }
    return Estimate(statistic, n=n, detail=detail)


TEST = DriftTest(
    name="g",
    label="G (likelihood ratio)",
    needs=LevelPair,
    compute=compute,
    meaning=(
        "How much more likely the counts are under two laws than under one. Close to chi-square,"
        " and like it no measure of size."
    ),
    source="Wilks (1938); scipy.stats.chi2_contingency(lambda_='log-likelihood', correction=False)",
    is_default=False,
)
