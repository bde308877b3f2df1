"""MRR: one over the position of the first wanted item, averaged over groups."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Rankings
from analytics.stats.rankings import by_position, group_mean


def mrr(rows: Rankings, of: str | None = None) -> Estimate:
    """Mean over groups of 1 / position of the first wanted item (from 1), in [0, 1].

    Groups without a wanted item stay out.

    >>> rows = Rankings.from_arrays(np.zeros(3, int), np.array([0.0, 1.0, 1.0]), np.array([3.0, 2.0, 1.0]))
    >>> mrr(rows).value
    0.5
    """
    if not rows.n:
        return group_mean(rows, np.empty(0))
    position, _group = by_position(rows)
    turn = np.where(rows.relevance > 0, 1 / (position + 1), 0.0)
    first = np.maximum.reduceat(turn, rows.start)
    return group_mean(rows, np.where(first > 0, first, np.nan))


METRIC = Metric(
    name="mrr",
    label="Mean reciprocal rank",
    tasks=("binary", "regression"),
    needs=Rankings,
    compute=mrr,
    better="higher",
    unit="score",
    meaning="One over the position of the first wanted item, averaged over groups: for when people want"
    " one good answer. What stands below the first wanted item does not count. Below about 60 groups"
    " its interval is wider than it need be.",
    source="Voorhees (1999); interval: skew-corrected t over groups (Hall 1992), approximate below"
    " about 100 groups",
    is_default=False,
)
