"""Cramer and von Mises: the squared difference of two cumulative distributions, over all rows."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.drift.bins import Z95, Floats, sizes, too_few
from analytics.needs import NumericPair

_TERM = 1e-12


def statistic(reference: Floats, current: Floats) -> float:
    """T of two sorted samples from midranks (Anderson 1962, equation 9; ties share their ranks)."""
    n, m = len(current), len(reference)
    spread = 0.0
    for own, other in ((reference, current), (current, reference)):
        below = [np.searchsorted(s, own, "left") for s in (own, other)]
        upto = [np.searchsorted(s, own, "right") for s in (own, other)]
        midrank = (below[0] + below[1] + upto[0] + upto[1] + 1) / 2
        spread += len(own) * float(((midrank - np.arange(1, len(own) + 1)) ** 2).sum())
    return spread / (n * m * (n + m)) - (4 * n * m - 1) / (6 * (n + m))


def p_value(t: float, n: int, m: int) -> float:
    """P(T >= t) by the limiting law, T first brought to that law's mean and variance.

    >>> round(p_value(0.46136, 10**6, 10**6), 4)
    0.05
    """
    k, rows = n * m, n + m
    mean = (1 + 1 / rows) / 6
    variance = (rows + 1) * (4 * k * rows - 3 * (n**2 + m**2) - 2 * k) / (45 * rows**2 * 4 * k)
    x = 1 / 6 + (t - mean) / math.sqrt(45 * variance)
    return 1.0 if x < 0.003 else min(1.0, max(0.0, 1 - _limit(x)))


def _limit(x: float) -> float:
    """The limiting distribution (Csorgo and Faraway 1996, equation 1.2)."""
    from scipy.special import kv

    total, term, k = 0.0, 1.0, 0
    while term >= _TERM:
        q = (4 * k + 1) ** 2 / (16 * x)
        weight = math.exp(math.lgamma(k + 0.5) - math.lgamma(k + 1)) / (math.pi**1.5 * math.sqrt(x))
        term = weight * math.sqrt(4 * k + 1) * math.exp(-q) * float(kv(0.25, q))
        total, k = total + term, k + 1
    return total


def standard_error(reference: Floats, current: Floats) -> float:
    """Standard error of T by the influence of each row; it says little where nothing moved.

    T is about n m / (n + m) times the mean of (F - G)^2 over the pooled rows. A row moves that mean
    through its own side's curve (twice the mean of F - G above it) and by being one of those rows.
    """
    sides, total = (reference, current), len(reference) + len(current)
    pooled = np.concatenate(sides)
    pooled.sort(kind="stable")  # merges two sorted runs
    f, g = (np.searchsorted(side, pooled, "right") / len(side) for side in sides)
    above = np.cumsum((f - g)[::-1])[::-1] / total
    variance = 0.0
    for side, sign in zip(sides, (2.0, -2.0), strict=True):
        at = np.searchsorted(pooled, side)
        influence = sign * above[at] + len(side) / total * ((f - g) ** 2)[at]
        variance += float(influence.var()) / len(side)
    return len(reference) * len(current) / total * math.sqrt(variance)


def compute(pair: NumericPair) -> Estimate:
    """T with its asymptotic p-value, as ``cramervonmises_2samp(method="asymptotic")``.

    T grows with the number of rows; its interval is the normal one. Undefined below 30 rows on a
    side.
    """
    undefined = too_few(pair)
    if undefined:
        return undefined
    n, m = sizes(pair)
    t = statistic(pair.reference, pair.current)
    se = standard_error(pair.reference, pair.current)
    detail = {"p_value": p_value(t, n, m), "n_reference": m}
    return Estimate(t, t - Z95 * se, t + Z95 * se, "normal", n, se, detail=detail)


TEST = DriftTest(
    name="cvm",
    label="Cramér-von Mises T",
    needs=NumericPair,
    compute=compute,
    meaning=(
        "How improbable the difference of the two distributions is, counted over all values and not"
        " at the largest gap only. It grows with the number of rows and so says nothing about size."
    ),
    source="Anderson (1962); scipy.stats.cramervonmises_2samp(method='asymptotic')",
    is_default=False,
)
