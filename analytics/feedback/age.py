"""How long what is open has been waiting."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.core import Estimate


def median_age(days: Sequence[float]) -> Estimate:
    """The middle age in days of open items, between the order statistics that bound it.

    >>> found = median_age([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    >>> found.value, found.low, found.high
    (5.5, 2.0, 9.0)
    """
    import numpy as np

    from analytics.stats.intervals import quantile_estimate

    if not days:
        return Estimate.undefined("nothing is open")
    found = quantile_estimate(np.asarray(days, dtype=float), np.ones(len(days)), 0.5)
    if len(days) < 6:  # no two order statistics bound a median of so few with 95 %
        return Estimate(found.value, n=len(days), reason="fewer than 6 open items: no interval")
    return found
