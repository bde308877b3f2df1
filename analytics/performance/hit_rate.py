"""Hit rate at 10: how many groups have a wanted item among their first ten."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Rankings
from analytics.stats.rankings import by_position, group_mean, wanted_groups

K = 10


def hit_rate(rows: Rankings, of: str | None = None) -> Estimate:
    """Share of groups with a wanted item among the first ten by score, in [0, 1].

    Groups without a wanted item stay out.

    >>> rows = Rankings.from_arrays(np.zeros(2, int), np.array([0.0, 1.0]), np.array([2.0, 1.0]))
    >>> hit_rate(rows).value
    1.0
    """
    if not rows.n:
        return group_mean(rows, np.empty(0))
    position, group = by_position(rows)
    hits = np.bincount(group, weights=(rows.relevance > 0) & (position < K)) > 0
    values = np.where(wanted_groups(rows) > 0, hits.astype(float), np.nan)
    return group_mean(rows, values, is_share=True)


METRIC = Metric(
    name="hit_rate",
    label="Hit rate at 10",
    tasks=("binary", "regression"),
    needs=Rankings,
    compute=hit_rate,
    better="higher",
    unit="share",
    meaning="The share of groups that show a wanted item among their first ten. It does not care where"
    " among the ten, and groups without any wanted item stay out.",
    source="a share of groups; interval: Wilson (1927) over groups",
    is_default=False,
)
