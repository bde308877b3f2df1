"""Kolmogorov's distribution for a finite sample, without importing scipy.stats (2 s).

The scheme of Simard and L'Ecuyer (2011, J. Stat. Soft. 39(11)), which SciPy's ``kstwo`` uses too:
Durbin's matrix (Marsaglia, Tsang, Wang 2003) where it is cheap, Pelz and Good's (1976) expansion
where it is not, and twice the one-sided tail (Miller 1956) where the two tails no longer meet.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from analytics.stats.special import Floats, log_gamma

MEAN = 0.8687311606361592  # sqrt(pi / 2) * ln 2: the mean of sqrt(n) * D for large n
REACH = 1.3580986393225507  # 95 % of sqrt(n) * D lie below it for large n
_SMALL = 140  # rows up to which Durbin's matrix serves the whole body
_SUMMED = 5_000  # rows up to which the one-sided tail is summed term by term


def survival(n: int, d: float) -> float:
    """P(D >= d) for the two-sided statistic of ``n`` independent rows against their own law.

    ``n`` is at least 1, ``d`` a difference of two cumulative shares; the answer lies in [0, 1].
    Agrees with ``scipy.stats.kstwo.sf(d, n)`` to 1e-9.

    >>> round(survival(100, 0.1), 6)
    0.252693
    >>> survival(10, 0.05), survival(10, 1.0)
    (1.0, 0.0)
    """
    if d >= 1:
        return 0.0
    if n * d <= 0.5:
        return 1.0
    t, squared = n * d, n * d * d
    if t >= n - 1:
        return _share(2 * (1 - d) ** n)
    if d >= 0.5 or squared > (4 if n <= _SMALL else 2.2):
        return _twice_one_sided(n, d) if squared < 370 or n <= _SMALL else 0.0
    if n <= _SMALL or (n <= 100_000 and n * d**1.5 <= 1.4):
        return _share(1 - durbin(n, d))
    return _share(1 - pelz_good(n, d))


def two_sample_p(d: float, n: int, m: int) -> float:
    """The p-value of a two-sample difference ``d`` between ``n`` and ``m`` rows.

    The effective sample size is n m / (n + m), rounded: SciPy's ``ks_2samp(method="asymp")``.
    Ties make it conservative.

    >>> round(two_sample_p(0.2, 100, 100), 6)
    0.031439
    """
    return survival(max(1, round(n * m / (n + m))), d)


def mean_difference(n: int, m: int) -> float:
    """The largest difference that two samples of the same law show on average (no ties).

    >>> round(mean_difference(100, 100), 4)
    0.1229
    """
    return MEAN * math.sqrt(1 / n + 1 / m)


def reach_of_chance(n: int, m: int) -> float:
    """The difference that 95 of 100 pairs of samples of the same law stay below (no ties).

    >>> round(reach_of_chance(100, 100), 4)
    0.1921
    """
    return REACH * math.sqrt(1 / n + 1 / m)


def durbin(n: int, d: float) -> float:
    """P(D < d), exactly, as one entry of the n-th power of Durbin's matrix.

    Every entry is divided by e, so that the matrix holds Poisson probabilities and no power of it
    overflows; n! (e / n)^n makes up for it. Memory O((n d)^2), time O((n d)^3 log n).
    """
    k = math.ceil(n * d)
    h, m = k - n * d, 2 * k - 1
    order = np.arange(1, m + 1)
    inverse = np.cumprod(np.concatenate(([1.0], 1.0 / order)))  # 1 / j! from j = 0
    edge = (1 - h**order) * inverse[1:]
    edge[-1] = (1 - 2 * h**m + max(0.0, 2 * h - 1) ** m) * inverse[m]
    rows, columns = np.indices((m, m))
    step = rows - columns + 1
    matrix = np.where(step >= 0, inverse[np.maximum(step, 0)], 0.0)
    matrix[:, 0] = edge
    matrix[-1, :] = edge[::-1]
    with np.errstate(under="ignore"):
        power = np.linalg.matrix_power(matrix / math.e, n)
    return _share(float(power[k - 1, k - 1]) * _factorial_over_poisson(n))


def pelz_good(n: int, d: float) -> float:
    """P(D < d) by four terms in powers of 1 / sqrt(n), summed as theta functions for small z."""
    z = math.sqrt(n) * d
    if math.pi**2 / 8 / z**2 > 708:
        return 0.0
    odd = math.pi * (np.arange(1, math.ceil(16 * z / math.pi) + 1) - 0.5)  # pi (2 k - 1) / 2
    whole = math.pi * np.arange(1, math.ceil(16 * z / math.pi) + 1)
    s, w = odd**2, whole**2
    with np.errstate(under="ignore"):
        half, full = np.exp(-s / (2 * z**2)), np.exp(-w / (2 * z**2))
    k0 = half.sum() / z
    k1 = (half * (s - z**2)).sum() / (6 * z**4)
    k2 = (
        half * (6 * z**6 + 2 * z**4 + (2 * z**4 - 5 * z**2) * s + (1 - 2 * z**2) * s**2)
    ).sum() / (72 * z**7) - (full * w).sum() / (36 * z**3)
    third = (
        (5 - 30 * z**2) * s**3
        + (212 * z**4 - 60 * z**2) * s**2
        + (135 * z**4 - 96 * z**6) * s
        - (30 * z**6 + 90 * z**8)
    )
    k3 = (half * third).sum() / (6480 * z**10) + (full * w * (3 * z**2 - w)).sum() / (216 * z**6)
    terms = k0 + k1 / math.sqrt(n) + k2 / n + k3 / n**1.5
    return _share(float(terms) * math.sqrt(2 * math.pi))


def _twice_one_sided(n: int, d: float) -> float:
    """Twice P(D+ >= d): Smirnov's sum, above 5,000 rows Li-Chien's (1956) series (error < 5e-10)."""
    if n <= _SUMMED:
        return _share(2 * _one_sided(n, d))
    z = math.sqrt(n) * d
    series = 1 - 2 * z / (3 * math.sqrt(n)) + 2 * z**2 / (3 * n) * (1 - 2 * z**2 / 3)
    series += 4 * z / (9 * n**1.5) * (1 / 5 - 19 * z**2 / 15 + 2 * z**4 / 3)
    return _share(2 * math.exp(-2 * z**2) * series)


def _one_sided(n: int, d: float) -> float:
    """P(D+ >= d), exactly: Birnbaum and Tingey's (1951) sum, all of whose terms are positive.

    >>> round(_one_sided(10, 0.3), 9)
    0.135463556
    """
    j = np.arange(math.floor(n * (1 - d)) + 1)
    below = d + j / n
    is_inside = below < 1
    j, below = j[is_inside], below[is_inside]
    logs = _log_choices(n)[j] + (j - 1) * np.log(below) + (n - j) * np.log1p(-below)
    with np.errstate(under="ignore"):
        return d * float(np.exp(logs).sum())


@lru_cache(maxsize=16)
def _log_choices(n: int) -> Floats:
    """The logarithms of n over j, for j from 0 to n."""
    logs = log_gamma(np.arange(1.0, n + 2))
    return np.asarray(logs[-1] - logs - logs[::-1])


def _factorial_over_poisson(n: int) -> float:
    """n! (e / n)^n, by Stirling's series above 20."""
    if n <= 20:
        return math.exp(math.lgamma(n + 1) - n * math.log(n) + n)
    series = 1 / (12 * n) - 1 / (360 * n**3) + 1 / (1260 * n**5)
    return math.sqrt(2 * math.pi * n) * math.exp(series)


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))
