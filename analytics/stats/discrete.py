"""Counts of two samples over the same levels: noise floors and p-values that hold when sparse.

Everything here is conditional on the pooled counts t of each level: without drift a level's rows
in the smaller sample are hypergeometric. ``reference`` and ``current`` are aligned counts, shape
(levels,), rows as unit; levels that neither side has play no part.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from analytics.stats.special import beta_lower, gamma_upper, log_gamma, normal_upper

Floats = npt.NDArray[np.float64]

ENOUGH = 5.0  # expected rows of a level in the smaller sample for the chi-square law to hold
_FEW = 10.0  # expected rows up to which the third moment is summed, not taken from the law


def expected_tvd(reference: Floats, current: Floats) -> float:
    """The total variation distance that two samples of the same law show on average.

    Exact: half the sum of the hypergeometric mean absolute deviations, which for frequent levels
    is sqrt(2 p (1 - p) (1/n + 1/m) / pi) and for rare ones less. Both sides need rows.

    >>> round(expected_tvd(np.array([50.0, 50.0]), np.array([50.0, 50.0])), 3)
    0.056
    >>> round(expected_tvd(np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0])), 9)
    1.0
    """
    m, n = float(reference.sum()), float(current.sum())
    pooled, repeats = np.unique(reference + current, return_counts=True)
    total = n + m
    deviation = _mean_deviation(pooled, n, total)
    return float((repeats * deviation).sum() * total / (2 * n * m))


def pearson(reference: Floats, current: Floats) -> tuple[float, int]:
    """(Pearson's statistic without continuity correction, degrees of freedom).

    >>> pearson(np.array([10.0, 20.0]), np.array([20.0, 10.0]))
    (6.666666666666667, 1)
    """
    pooled = reference + current
    seen = pooled > 0
    ref, cur, pooled = reference[seen], current[seen], pooled[seen]
    share = cur.sum() / pooled.sum()
    if len(pooled) < 2 or share in (0.0, 1.0):
        return 0.0, max(len(pooled) - 1, 0)
    hoped = pooled * share
    statistic = ((cur - hoped) ** 2 / hoped).sum() + (
        (ref - (pooled - hoped)) ** 2 / (pooled - hoped)
    ).sum()
    return float(statistic), len(pooled) - 1


def chi_square_p(statistic: float, degrees: float) -> float:
    """P(chi-square >= statistic); 1 without degrees of freedom.

    >>> round(chi_square_p(3.841458820694124, 1), 6)
    0.05
    """
    if degrees == 1:
        return math.erfc(math.sqrt(statistic / 2))
    return gamma_upper(degrees / 2, statistic / 2) if degrees > 0 else 1.0


def homogeneity_p(reference: Floats, current: Floats) -> float:
    """The p-value of "both samples follow the same law", for few levels and for thousands.

    The table is cut, by pooled counts alone, into levels with enough expected rows and rare ones.
    Three conditionally independent pieces are tested: frequent levels with the rare ones lumped
    (Pearson's chi-square); the lump's total, exactly, where it is too small for that; the rare
    levels among themselves (Pearson's statistic by a Pearson type III law with its exact mean and
    variance). The smallest p-value counts, corrected for their number (Sidak).

    >>> homogeneity_p(np.array([500.0, 500.0]), np.array([50.0, 50.0]))
    1.0
    >>> homogeneity_p(np.array([500.0, 500.0]), np.array([80.0, 20.0])) < 1e-7
    True
    """
    pooled = reference + current
    n, m = float(current.sum()), float(reference.sum())
    is_rare = pooled * min(n, m) / (n + m) < ENOUGH
    ref, cur = reference[~is_rare], current[~is_rare]
    lump_ref, lump_cur = float(reference[is_rare].sum()), float(current[is_rare].sum())
    pieces: list[float] = []
    if (lump_ref + lump_cur) * min(n, m) / (n + m) >= ENOUGH:
        ref, cur = np.append(ref, lump_ref), np.append(cur, lump_cur)
    elif lump_ref + lump_cur > 0 and len(ref):
        pieces.append(rates_p(lump_cur, n, lump_ref, m))
    if len(ref) > 1:
        pieces.append(chi_square_p(*pearson(ref, cur)))
    if is_rare.sum() > 1 and min(lump_ref, lump_cur) > 0:
        pieces.append(_sparse_p(reference[is_rare], current[is_rare]))
    smallest = min(pieces, default=1.0)
    return -math.expm1(len(pieces) * math.log1p(-smallest)) if smallest < 1 else 1.0


def rates_p(hits: float, n: float, hits_reference: float, n_reference: float) -> float:
    """Two-sided p-value of "both samples have the same share of hits".

    Score test of two proportions; where fewer than ten hits (or misses) are expected in the smaller
    sample, the binomial tail given their total, doubled (Przyborowski and Wilenski 1940; a little
    conservative). Both samples need rows.

    >>> round(rates_p(20, 100, 100, 1000), 6)
    0.002225
    >>> round(rates_p(3, 100, 0, 1000), 6)
    0.001503
    """
    total, rows = hits + hits_reference, n + n_reference
    if total in (0, rows):
        return 1.0
    if total > rows / 2:
        return rates_p(n - hits, n, n_reference - hits_reference, n_reference)
    if total * min(n, n_reference) / rows >= _FEW:
        off = hits - total * n / rows  # Pearson's statistic of four numbers, without arrays
        spread = total * (rows - total) * n * n_reference / rows**3
        return chi_square_p(off * off / spread, 1)
    return min(
        1.0,
        2
        * min(_at_least(hits, total, n / rows), _at_least(total - hits, total, n_reference / rows)),
    )


def _at_least(k: float, total: float, share: float) -> float:
    """P(binomial(total, share) >= k)."""
    return beta_lower(k, total - k + 1, share) if k > 0 else 1.0


def _mean_deviation(pooled: Floats, n: float, total: float) -> Floats:
    """E|X - E X| of the hypergeometric number of a level's rows in a sample of n of total rows.

    De Moivre's telescoping sum: 2 c (total - t - n + c) P(X = c) / total with c the first whole
    number above the mean.
    """
    c = np.floor(pooled * n / total) + 1
    is_possible = (c <= pooled) & (c <= n)
    t, c = pooled[is_possible], c[is_possible]
    rest = total - t - n + c
    choices = (t, c, t - c, total - t, n - c, total - t - (n - c))
    log_g = log_gamma(np.concatenate(choices) + 1).reshape(len(choices), len(t))
    log_p = (
        (log_g[0] - log_g[1] - log_g[2])
        + (log_g[3] - log_g[4] - log_g[5])
        - (math.lgamma(total + 1) - math.lgamma(n + 1) - math.lgamma(total - n + 1))
    )
    deviation = np.zeros(len(pooled))
    deviation[is_possible] = 2 * c * rest * np.exp(log_p) / total
    return deviation


def _log_choose(n: Floats, k: Floats) -> Floats:
    return log_gamma(n + 1) - log_gamma(k + 1) - log_gamma(n - k + 1)


def _sparse_p(reference: Floats, current: Floats) -> float:
    """P-value of Pearson's statistic over rare levels, by a Pearson type III law."""
    statistic, degrees = pearson(reference, current)
    pooled = (reference + current)[reference + current > 0]
    total, n = float(pooled.sum()), float(current.sum())
    if total < 4 or degrees < 1:
        return 1.0
    mean, variance = _moments(pooled, n, total)
    if variance <= 1e-9 * mean:
        return 1.0
    third = _third_moment(pooled, min(n, total - n) / total) * degrees / (degrees + 1)
    return _type_three(statistic, mean, variance, third)


def _moments(pooled: Floats, n: float, total: float) -> tuple[float, float]:
    """Exact mean and variance of Pearson's statistic given the margins (Lewis et al. 1984)."""
    k = len(pooled)
    mean = total * (k - 1) / (total - 1)
    v = (k - 1) * (total - k) / (total - 1)
    w = (float((total / pooled).sum()) - k * k) / (total - 2)
    v2 = (total - 2) / (total - 1)
    w2 = (total / n + total / (total - n) - 4) / (total - 2)
    variance = 2 * total / (total - 3) * (v - w) * (v2 - w2) + total**2 / (total - 1) * w * w2
    return mean, max(variance, 0.0)


def _third_moment(pooled: Floats, share: float) -> float:
    """Third central moment of Pearson's statistic, to first order in the number of levels.

    Levels are independent binomials given their sum; the part of a level's contribution that the
    sum explains is taken off. A level with many expected rows contributes chi-square's 8.
    """
    t, repeats = np.unique(pooled, return_counts=True)
    is_few = t * share <= _FEW
    large = 8.0 * float(repeats[~is_few].sum())
    t, repeats = t[is_few][:, None], repeats[is_few]
    if not len(repeats):
        return large
    spread = share * (1 - share)
    a = np.arange(float(min(t.max(), math.ceil(_FEW + 12 * math.sqrt(_FEW)))) + 1)[None, :]
    possible = a <= t
    held = np.where(possible, a, 0.0)
    log_p = _log_choose(t, held) + held * math.log(share) + (t - held) * math.log1p(-share)
    p = np.where(possible, np.exp(log_p), 0.0)
    slope = len(pooled) * (1 - 2 * share) / (float(pooled.sum()) * spread)
    rest = (a - t * share) ** 2 / (t * spread) - slope * (a - t * share)
    centred = rest - (p * rest).sum(axis=1, keepdims=True)
    return large + float((repeats * (p * centred**3).sum(axis=1)).sum())


def _type_three(value: float, mean: float, variance: float, third: float) -> float:
    """Upper tail of the gamma law shifted to that mean, variance and third central moment."""
    z, skew = (value - mean) / math.sqrt(variance), third / variance**1.5
    if skew < 1e-3:
        return normal_upper(z)
    shape = 4 / skew**2
    return gamma_upper(shape, max(shape + z * math.sqrt(shape), 0.0))
