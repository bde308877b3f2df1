"""NDCG at 10: how much of the best possible order's gain the first ten items have."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Rankings
from analytics.stats.rankings import by_position, group_mean, wanted_groups

K = 10


def ndcg(rows: Rankings, of: str | None = None) -> Estimate:
    """Mean over groups of DCG at 10 over its best value, in [0, 1]; gain is the relevance itself.

    A row at position i (from 1) counts relevance / log2(i + 1). Groups without a wanted item stay
    out; tied scores keep the order in which they were logged.

    >>> rows = Rankings.from_arrays(np.zeros(3, int), np.array([0.0, 1.0, 0.0]), np.array([3.0, 2.0, 1.0]))
    >>> round(ndcg(rows).value, 4)
    0.6309
    """
    if not rows.n:
        return group_mean(rows, np.empty(0))
    position, group = by_position(rows)
    discount = np.where(position < K, 1 / np.log2(position + 2), 0.0)
    best = rows.relevance[np.lexsort((-rows.relevance, group))]
    dcg = np.bincount(group, weights=rows.relevance * discount)
    ideal = np.bincount(group, weights=best * discount)
    wanted = wanted_groups(rows) > 0
    values = np.divide(dcg, ideal, out=np.full(len(dcg), np.nan), where=wanted & (ideal > 0))
    return group_mean(rows, np.clip(values, 0.0, 1.0))


METRIC = Metric(
    name="ndcg",
    label="NDCG at 10",
    tasks=("binary", "regression"),
    needs=Rankings,
    compute=ndcg,
    better="higher",
    unit="score",
    meaning="How close the first ten items of each group stand to the best possible order, wanted items"
    " counting less the lower they stand. Groups without a wanted item say nothing and stay out.",
    source="scikit-learn ndcg_score(k=10), Jarvelin and Kekalainen (2002); interval: skew-corrected t"
    " over groups (Hall 1992), approximate below about 100 groups",
    is_default=False,
)
