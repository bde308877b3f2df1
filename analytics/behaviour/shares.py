"""What the shares of acts have in common: Wilson's interval, and silence below 30 acts."""

from __future__ import annotations

from analytics.core import Estimate
from analytics.stats.decision import MIN_ROWS
from analytics.stats.intervals import share_estimate


def share_of(hits: int, n: int, what: str) -> Estimate:
    """hits of n with Wilson's 95 % interval; undefined with fewer than 30.

    >>> share_of(20, 40, "decisions").value, share_of(20, 29, "decisions").reason
    (0.5, 'only 29 decisions: a share of fewer than 30 is not shown')
    """
    if n < MIN_ROWS:
        return Estimate.undefined(
            f"only {n:,} {what}: a share of fewer than {MIN_ROWS} is not shown", n
        )
    return share_estimate(hits / n, n, n, hits=hits)
