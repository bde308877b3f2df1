"""Pearson's chi-square statistic of two samples over the same levels."""

from __future__ import annotations

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.drift.bins import level_counts, sizes, too_few
from analytics.needs import LevelPair
from analytics.stats.discrete import ENOUGH, chi_square_p, pearson


def compute(pair: LevelPair) -> Estimate:
    """The statistic without Yates's correction, as ``chi2_contingency(correction=False)``.

    ``detail.is_reliable`` is false where some level is expected in fewer than five rows: the
    p-value of ``tvd`` holds there too, this one may not. A test statistic has no interval.
    Undefined with fewer than 30 rows on a side.
    """
    undefined = too_few(pair)
    if undefined:
        return undefined
    n, m = sizes(pair)
    ref, cur = level_counts(pair)
    statistic, degrees = pearson(ref, cur)
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
    name="chi2",
    label="Chi-square",
    needs=LevelPair,
    compute=compute,
    meaning=(
        "How improbable the two sets of counts are under one law: squared differences over expected"
        " counts. It grows with the number of rows and so says nothing about size."
    ),
    source="Pearson (1900); scipy.stats.chi2_contingency(correction=False)",
    is_default=False,
)
