"""MAP: mean average precision over groups of items."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Rankings
from analytics.stats.rankings import by_position, group_mean, wanted_groups


def mean_average_precision(rows: Rankings, of: str | None = None) -> Estimate:
    """Mean over groups of the precision at each wanted item, averaged, in [0, 1].

    An item is wanted where its relevance is above 0. Groups without one stay out.

    >>> rows = Rankings.from_arrays(np.zeros(3, int), np.array([1.0, 0.0, 1.0]), np.array([3.0, 2.0, 1.0]))
    >>> round(mean_average_precision(rows).value, 4)
    0.8333
    """
    if not rows.n:
        return group_mean(rows, np.empty(0))
    position, group = by_position(rows)
    wanted = (rows.relevance > 0).astype(float)
    seen = np.cumsum(wanted)
    before = np.concatenate(([0.0], seen))[rows.start][group]
    precision = wanted * (seen - before) / (position + 1)
    count = np.bincount(group, weights=wanted)
    total = np.bincount(group, weights=precision)
    values = np.divide(
        total, count, out=np.full(len(total), np.nan), where=(wanted_groups(rows) > 0) & (count > 0)
    )
    return group_mean(rows, values)


METRIC = Metric(
    name="map",
    label="Mean average precision",
    tasks=("binary", "regression"),
    needs=Rankings,
    compute=mean_average_precision,
    better="higher",
    unit="score",
    meaning="How early wanted items stand in each group: the precision at every wanted item, averaged,"
    " then over groups. It knows wanted or not, no degrees, and groups without one stay out.",
    source="Manning, Raghavan and Schuetze (2008), chapter 8; interval: skew-corrected t over groups"
    " (Hall 1992), approximate below about 100 groups",
    is_default=False,
)
