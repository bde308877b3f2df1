"""Means over groups of items: each group is one observation, whatever its size."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate
from analytics.needs import Floats, Pairs, Rankings
from analytics.stats.intervals import mean_of, share_estimate

NO_GROUP = "no group holds both a wanted item and a label"


def group_mean(rows: Rankings, values: Floats, *, is_share: bool = False) -> Estimate:
    """The mean of one number a group; groups without a wanted item are NaN and stay out.

    Shares come with Wilson's interval over groups, others with Hall's corrected t, in [0, 1].
    """
    kept = values[np.isfinite(values)]
    detail = {"n_groups": len(kept), "n_groups_without": len(values) - len(kept)}
    if len(kept) == 0:
        return Estimate.undefined(NO_GROUP, rows.n)
    if is_share or len(kept) < 2 or float(kept.std()) == 0:
        share = float(kept.mean())
        found = share_estimate(share, len(kept), rows.n, **detail)
    else:
        pairs = Pairs.from_arrays(np.zeros(len(kept)), kept)
        mean = mean_of(pairs, lambda _y, p: p, bounds=(0.0, 1.0))
        ends = (mean.value, mean.low, mean.high, mean.interval)
        found = Estimate(*ends, rows.n, mean.se, detail=detail)
    return found


def by_position(rows: Rankings) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """(position of every row inside its group from 0, number of its group)."""
    sizes = np.diff(np.append(rows.start, rows.n))
    group = np.repeat(np.arange(len(rows.start)), sizes)
    return (np.arange(rows.n) - rows.start[group]).astype(float), group


def wanted_groups(rows: Rankings) -> Floats:
    """Sum of relevance by group."""
    if not rows.n:
        return np.empty(0)
    found: Floats = np.add.reduceat(rows.relevance, rows.start)
    return found
