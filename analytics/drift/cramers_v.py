"""Cramer's V: chi-square brought to a scale from 0 to 1."""

from __future__ import annotations

import math

from analytics.core import DriftTest, Estimate
from analytics.drift.bins import Z95, level_counts, sizes, too_few
from analytics.needs import LevelPair
from analytics.stats.discrete import chi_square_p, pearson


def compute(pair: LevelPair) -> Estimate:
    """The square root of chi-square over all rows, with two samples the smaller side of the table.

    ``above_floor`` takes off the root of its mean without drift, (levels - 1) / rows (Bergsma
    2013); the interval is the normal one of a noncentral chi-square. It depends on how many rows each side has. Undefined below 30 rows on a side.
    """
    undefined = too_few(pair)
    if undefined:
        return undefined
    n, m = sizes(pair)
    statistic, degrees = pearson(*level_counts(pair))
    value, floor = min(1.0, math.sqrt(statistic / (n + m))), math.sqrt(degrees / (n + m))
    spread = Z95 * math.sqrt(2 * degrees + 4 * max(0.0, statistic - degrees))
    low = math.sqrt(max(0.0, statistic - spread) / (n + m))
    high = min(1.0, math.sqrt((statistic + spread) / (n + m)))
    detail = {
        "p_value": chi_square_p(statistic, degrees),
        "above_floor": max(0.0, value - floor),
        "floor": floor,
        "n_reference": m,
    }
    return Estimate(value, low, high, "noncentral chi-square", n, detail=detail)


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
