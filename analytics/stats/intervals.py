"""95 % intervals: fixed-sample, each named after its method."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from analytics.core import Estimate
from analytics.needs import Confusion, Floats, Scores

Z95 = 1.959963984540054


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's score interval of a share over ``n`` (effective) rows (Wilson 1927).

    >>> [round(x, 4) for x in wilson(0.9, 100)]
    [0.8256, 0.9448]
    """
    if n <= 0:
        return 0.0, 1.0
    z2 = Z95 * Z95
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    low = 0.0 if share <= 0 else max(0.0, centre - half)
    high = 1.0 if share >= 1 else min(1.0, centre + half)
    return low, high


def share_estimate(share: float, n: float, rows: int, **detail: Any) -> Estimate:
    """An Estimate of a share with Wilson's interval."""
    low, high = wilson(share, n)
    se = math.sqrt(max(share * (1 - share), 0.0) / n) if n > 0 else None
    return Estimate(share, low, high, "Wilson", rows, se or (high - low) / (2 * Z95), detail=detail)


def normal_estimate(
    value: float, se: float, rows: int, method: str = "normal", **detail: Any
) -> Estimate:
    """value plus-minus 1.96 standard errors."""
    return Estimate(value, value - Z95 * se, value + Z95 * se, method, rows, se, detail=detail)


def logit_estimate(value: float, se: float, rows: int, method: str, **detail: Any) -> Estimate:
    """An interval on the logit scale, for numbers in (0, 1); the ends fall back to the normal one."""
    if not 0.0 < value < 1.0 or se <= 0:
        low, high = max(0.0, value - Z95 * se), min(1.0, value + Z95 * se)
        return Estimate(value, low, high, method, rows, se, detail=detail)
    centre = math.log(value / (1 - value))
    half = Z95 * se / (value * (1 - value))
    ends = [1 / (1 + math.exp(-min(max(centre + s * half, -700), 700))) for s in (-1, 1)]
    return Estimate(value, ends[0], ends[1], method, rows, se, detail=detail)


def mean_estimate(
    losses: Floats, weight: Floats, *, transform: Callable[[float], float] | None = None
) -> Estimate:
    """The weighted mean of losses with a normal interval; ``transform`` maps value and ends (rmse).

    The standard error is sqrt(sum w^2 (x - mean)^2) / sum w.
    """
    n = len(losses)
    if n < 2:
        return Estimate.undefined("fewer than two labelled rows", n)
    total = float(weight.sum())
    mean = float((weight * losses).sum() / total)
    se = math.sqrt(float((weight**2 * (losses - mean) ** 2).sum())) / total
    se *= math.sqrt(n / (n - 1))
    low, high = mean - Z95 * se, mean + Z95 * se
    if transform is None:
        return Estimate(mean, low, high, "normal", n, se)
    value = transform(mean)
    ends = transform(max(low, 0.0)), transform(high)
    return Estimate(
        value, ends[0], ends[1], "normal, transformed", n, (ends[1] - ends[0]) / (2 * Z95)
    )


def delta_se(confusion: Confusion, function: Callable[[Floats], float]) -> float:
    """Standard error of a smooth function of the confusion shares, by the delta method.

    Shares p of the K x K cells are multinomial over ``n_effective`` rows: var = g' (diag p - pp') g
    / n with the gradient g taken numerically.
    """
    n = confusion.n_effective
    shares = confusion.counts.ravel() / confusion.counts.sum()
    shape = confusion.counts.shape
    gradient = np.zeros_like(shares)
    for i in np.flatnonzero(shares > 0):
        step = 1e-5 * max(float(shares[i]), 1e-3)
        up, down = shares.copy(), shares.copy()
        up[i] += step
        down[i] -= step
        gradient[i] = (function(up.reshape(shape)) - function(down.reshape(shape))) / (2 * step)
    mean = float(shares @ gradient)
    variance = float(shares @ (gradient - mean) ** 2) / n if n > 0 else 0.0
    return math.sqrt(max(variance, 0.0))


def delong(scores: Scores) -> tuple[float, float]:
    """(AUC, its standard error) from counts by distinct score (DeLong, DeLong and Clarke-Pearson 1988).

    Placements of a positive at a score are the negatives below plus half of those tied; their
    variances over positives and negatives, each over its number, add up.
    """
    pos, neg = scores.positives, scores.negatives
    n_pos, n_neg = float(pos.sum()), float(neg.sum())
    below = (np.cumsum(neg) - neg / 2) / n_neg
    above = (n_pos - np.cumsum(pos) + pos / 2) / n_pos
    auc = float(pos @ below) / n_pos
    factor = scores.sum_w2 / max(n_pos + n_neg, 1e-300)  # 1 without weights
    size_pos, size_neg = n_pos / factor, n_neg / factor
    var_pos = float(pos @ (below - auc) ** 2) / n_pos * _bessel(size_pos)
    var_neg = float(neg @ (above - auc) ** 2) / n_neg * _bessel(size_neg)
    return auc, math.sqrt(var_pos / size_pos + var_neg / size_neg)


def _bessel(n: float) -> float:
    return n / (n - 1) if n > 1 else 1.0


def median_ends(n: int, q: float = 0.5) -> tuple[int, int]:
    """Ranks (from 0) of the order statistics that bound a quantile with 95 % (binomial, normal)."""
    half = Z95 * math.sqrt(n * q * (1 - q))
    low = max(0, math.floor(n * q - half))
    return low, min(n - 1, math.ceil(n * q + half))
