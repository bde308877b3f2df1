"""Cramer's V: chi-square brought to a scale from 0 to 1."""

from __future__ import annotations

import math

from analytics.core import DriftTest, Estimate
from analytics.drift.bins import level_counts, sizes, too_few
from analytics.needs import LevelPair
from analytics.stats.discrete import chi_square_p, pearson


def compute(pair: LevelPair) -> Estimate:
    """The square root of chi-square over all rows, with two samples the smaller side of the table.

    ``above_floor`` takes off the root of its mean without drift, (levels - 1) / rows (Bergsma
    2013). It depends on how many rows each side has. Undefined below 30 rows on a side.
    """
    undefined = too_few(pair)
    if undefined:
        return undefined
    n, m = sizes(pair)
    statistic, degrees = pearson(*level_counts(pair))
    value, floor = min(1.0, math.sqrt(statistic / (n + m))), math.sqrt(degrees / (n + m))
    detail = {
        "p_value": chi_square_p(statistic, degrees),
        "above_floor": max(0.0, value - floor),
        "floor": floor,
        "n_reference": m,
    }
    return Estimate(value, n=n, detail=detail)


TEST = DriftTest(
    name="cramers_v",
    label="Cramér's V",
    needs=LevelPair,
    compute=compute,
    meaning=(
        "How strongly level and side belong together: 0 is not at all, 1 is that the level tells"
        " the side. It shrinks when one side has many more rows than the other."
    ),
    source="Cramér (1946); Bergsma (2013) for the floor",
    is_default=False,
)
