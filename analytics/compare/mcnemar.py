"""Accuracy of two classifiers on the same rows: only rows where exactly one is right count."""

from __future__ import annotations

import math

from analytics.core import Estimate
from analytics.stats.intervals import Z95


def mcnemar(candidate_only: int, baseline_only: int, n: int) -> Estimate:
    """Candidate's accuracy minus baseline's over ``n`` rows.

    ``candidate_only`` rows only the candidate judged right, ``baseline_only`` only the baseline.
    The p-value is McNemar's exact one (1947), the interval Bonett and Price's (2012), which adds
    one row to either kind. In [-1, 1].

    >>> found = mcnemar(25, 10, 200)
    >>> found.value, [round(x, 4) for x in (found.low, found.high, found.detail["p_value"])]
    (0.075, [0.0161, 0.1324, 0.0167])
    """
    if n <= 0:
        return Estimate.undefined("no rows that both scored")
    value = (candidate_only - baseline_only) / n
    up, down = (candidate_only + 1) / (n + 2), (baseline_only + 1) / (n + 2)
    se = math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    low, high = (max(-1.0, min(1.0, up - down + side * Z95 * se)) for side in (-1, 1))
    detail = {
        "p_value": exact_p(candidate_only, baseline_only),
        "candidate_only": candidate_only,
        "baseline_only": baseline_only,
        "test": "McNemar, exact",
    }
    return Estimate(value, min(low, value), max(high, value), "Bonett-Price", n, se, detail=detail)


def exact_p(one: int, other: int) -> float:
    """Two-sided p-value of a fair coin that fell ``one`` to ``other``.

    >>> round(exact_p(1, 9), 4)
    0.0215
    """
    from scipy.special import bdtr

    total = one + other
    return min(1.0, 2 * float(bdtr(min(one, other), total, 0.5))) if total else 1.0
