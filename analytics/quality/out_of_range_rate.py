"""Out of range rate: the share of numbers below the reference's smallest or above its largest."""

from __future__ import annotations

import math
from dataclasses import replace

from analytics.core import Estimate, QualityCheck
from analytics.needs import ColumnCounts
from analytics.quality.compare import MEAN_OF_ABSOLUTE, incomparable
from analytics.stats.intervals import share_estimate


def compute(counts: ColumnCounts) -> Estimate:
    """Rows outside over rows with a value; about 2 / (reference rows + 1) are to be expected.

    ``above_floor`` takes that share and its noise off, never below 0. Undefined without values.
    """
    n = counts.n - counts.n_missing
    m = counts.n_reference - counts.n_missing_reference
    if n <= 0:
        return Estimate.undefined("all values are missing" if counts.n else "no rows")
    share = min(1.0, counts.n_outside / n)
    estimate = share_estimate(share, n, n)
    reason = incomparable(n, m)
    if reason:
        return replace(estimate, reason=reason)
    expected = 2 / (m + 1)
    error = math.sqrt(expected * (1 - expected) * (n + m + 1) / (n * (m + 2)))
    floor = expected + MEAN_OF_ABSOLUTE * error
    detail = {
        "p_value": at_least_outside(counts.n_outside, n, m),
        "above_floor": max(0.0, share - floor),
        "floor": floor,
        "expected": expected,
        "n_reference": m,
    }
    return replace(estimate, detail=detail)


def at_least_outside(k: int, n: int, m: int) -> float:
    """P(at least k of n new rows lie outside the range of m rows of the same law), exactly.

    By counting orders: ((k+1) C(n+m-k-1, m-1) + C(n+m-k-1, m)) / C(n+m, m); ties make it
    conservative.

    >>> round(at_least_outside(1, 1, 9), 6)
    0.2
    """
    if k <= 0:
        return 1.0
    base = math.lgamma(n + m + 1) - math.lgamma(m + 1) - math.lgamma(n + 1)
    first = math.log(k + 1) + _log_choose(n + m - k - 1, m - 1) - base
    second = _log_choose(n + m - k - 1, m) - base if k < n else -math.inf
    return min(1.0, math.exp(first) + math.exp(second))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


CHECK = QualityCheck(
    name="out_of_range_rate",
    label="Out of range",
    needs=ColumnCounts,
    compute=compute,
    meaning="The share of numbers smaller or larger than any the reference had.",
    source="Wilks (1941), tolerance limits: the share outside is beta-binomial for any law",
    types=("numeric",),
)
