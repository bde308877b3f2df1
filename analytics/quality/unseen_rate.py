"""Unseen rate: the share of rows with a level that the reference never had."""

from __future__ import annotations

import math
from dataclasses import replace

from analytics.core import Estimate, QualityCheck
from analytics.needs import ColumnCounts
from analytics.quality.compare import MEAN_OF_ABSOLUTE, incomparable
from analytics.stats.intervals import share_estimate


def compute(counts: ColumnCounts) -> Estimate:
    """Rows with an unseen level over rows with a value, against the Good-Turing expectation.

    Without drift about n_singletons / n of the reference's rows is the share to expect, not zero
    (1,000 even levels, 1,000 rows each side: 37 %). ``above_floor`` is the share less that
    expectation and less its noise, never below 0. Undefined without values.
    """
    n = counts.n - counts.n_missing
    m = counts.n_reference - counts.n_missing_reference
    if n <= 0:
        return Estimate.undefined("all values are missing" if counts.n else "no rows")
    share = min(1.0, counts.n_unseen / n)
    estimate = share_estimate(share, n, n)
    reason = incomparable(n, m)
    if reason:
        return replace(estimate, reason=reason)
    once = counts.n_singletons_reference
    expected = min(1.0, once / m)
    error = _error(once, n, m)
    floor = expected + MEAN_OF_ABSOLUTE * error
    detail = {
        "p_value": p_value(counts, n, m),
        "above_floor": max(0.0, share - floor),
        "floor": floor,
        "expected": expected,
        "expected_se": error,
        "n_reference": m,
        "levels": dict(counts.unseen_levels),
    }
    return replace(estimate, detail=detail)


def _error(once: int, n: int, m: int) -> float:
    """Standard error of the expectation: the draw of n rows, and the reference's own (Robbins 1968)."""
    expected = min(1.0, once / m)
    return math.sqrt(expected * (1 - expected) / n + 2 * (once + 1) / m**2)


def p_value(counts: ColumnCounts, n: int, m: int) -> float:
    """One-sided p-value of "no more unseen rows than a second sample of the same law has".

    Two views, the smaller counts twice. One level: all t rows of a level fall into the current
    window with probability (n / (n + m))^t, times the levels that could have. All together: without
    drift, unseen rows less n / m times the reference's singletons has mean zero; its variance is
    estimated by the sum of squares of the unseen levels plus that of the singletons.
    """
    if counts.n_unseen <= 0:
        return 1.0
    sizes = [size for _level, size in counts.unseen_levels] or [counts.n_unseen]
    largest = max(sizes)
    n_levels = min(counts.n_distinct_reference + counts.n_distinct, (n + m) / largest)
    share = n / (n + m)
    alone = min(1.0, max(1.0, n_levels) * share**largest)
    rest = max(0, counts.n_unseen - sum(sizes))
    squares = sum(size * size for size in sizes) + rest * min(sizes)
    ratio = n / m
    excess = counts.n_unseen - ratio * counts.n_singletons_reference
    variance = squares + ratio * max(counts.n_unseen, ratio * counts.n_singletons_reference)
    together = math.erfc(excess / math.sqrt(2 * variance)) / 2
    return min(1.0, 2 * min(alone, together))


CHECK = QualityCheck(
    name="unseen_rate",
    label="Unseen levels",
    needs=ColumnCounts,
    compute=compute,
    meaning=(
        "The share of rows with a level that the reference never had. A column with many rare"
        " levels always has some, so the share to expect is taken off."
    ),
    source="Good (1953), Good-Turing; Robbins (1968) for its error",
    types=("categorical", "boolean"),
)
