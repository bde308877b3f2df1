"""Confidence sequences: bands that hold at every moment at once, from the sums of each period.

Whoever looks every hour for years is wrong at any time with a chance of at most ``alpha``. All of
them need per period only the number of rows, the sum and the sum of squares, so a part read once
never has to be read again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
BEST_AT = 250.0  # sum of squared deviations at which the bands are tightest


@dataclass(frozen=True, slots=True)
class Sums:
    """Rows, sum and sum of squares of a number; periods in the order of time are the first axis."""

    n: Floats
    total: Floats
    squares: Floats

    @classmethod
    def of(cls, n: ArrayLike, total: ArrayLike, squares: ArrayLike | None = None) -> Sums:
        """From any arrays; without squares the number is 0 or 1."""
        sums = np.asarray(total, dtype=float)
        again = sums if squares is None else np.asarray(squares, dtype=float)
        return cls(np.asarray(n, dtype=float), sums, again)


@dataclass(frozen=True, slots=True)
class Band:
    """The running mean after each period, and bounds that hold for all periods at once."""

    mean: Floats
    low: Floats
    high: Floats


def mixture_rate(best_at: float, alpha: float) -> float:
    """The mixing parameter that makes a boundary of level ``alpha`` tightest at ``best_at``.

    Howard, Ramdas, McAuliffe and Sekhon (2021), "Time-uniform, nonparametric, nonasymptotic
    confidence sequences", Annals of Statistics 49(2), with the usual approximation of Lambert's W.
    """
    odds = 2 * math.log(1 / alpha)
    return best_at / (odds + math.log(1 + odds))


def normal_mixture(v: ArrayLike, alpha: float = 0.05, best_at: float = BEST_AT) -> Floats:
    """Robbins' two-sided boundary of a sum whose variance process is ``v``.

    >>> round(float(normal_mixture(100.0)), 6)
    31.237791
    """
    value, rate = np.asarray(v, dtype=float), mixture_rate(best_at, alpha)
    grown = value + rate
    return np.asarray(np.sqrt(grown * np.log(grown / (rate * alpha**2))))


def gamma_exponential(v: ArrayLike, alpha: float = 0.025, best_at: float = BEST_AT) -> Floats:
    """The one-sided boundary of a sum of terms in [0, 1] about a predictable centre.

    The sum of (x - E x) stays below it at all times with a chance of at least 1 - ``alpha``, where
    ``v`` is the running sum of squared deviations from guesses made beforehand (Howard et al.
    2021, proposition 9 and theorem 4; scale 1).

    >>> round(float(gamma_exponential(100.0)), 6)
    34.008194
    """
    value = np.atleast_1d(np.asarray(v, dtype=float))
    rate = mixture_rate(best_at, 2 * alpha)
    goal = math.log(1 / alpha)
    low = np.zeros_like(value)
    high = normal_mixture(value, alpha, best_at) + 4 * goal
    while (short := _log_mixture(high, value, rate) < goal).any():
        high = np.where(short, 2 * high, high)
    for _ in range(100):
        middle = (low + high) / 2
        under = _log_mixture(middle, value, rate) < goal
        low, high = np.where(under, middle, low), np.where(under, high, middle)
        if float((high - low).max(initial=0.0)) <= 1e-12 * float(high.max(initial=1.0)):
            break
    found = (low + high) / 2
    return found if np.ndim(v) else found[0]


def _log_mixture(s: Floats, v: Floats, rate: float) -> Floats:
    from scipy.special import gammainc, gammaln

    constant = rate * math.log(rate) - gammaln(rate) - np.log(gammainc(rate, rate))
    grown = v + rate
    inside = np.log(np.maximum(gammainc(grown, s + grown), np.finfo(float).tiny))
    return np.asarray(
        constant + gammaln(grown) + inside - grown * np.log(s + grown) + s + v, dtype=float
    )


def bounded_band(sums: Sums, alpha: float = 0.05, best_at: float = BEST_AT) -> Band:
    """The running mean of a number in [0, 1], with an empirical-Bernstein band around it.

    It follows the running average of the means that held while the rows came, so it is valid while
    they drift. The variance is taken about the mean of all earlier periods, a guess made before
    the period was seen (one half for the first).
    """
    rows, total = np.cumsum(sums.n, axis=0), np.cumsum(sums.total, axis=0)
    seen, before = rows - sums.n, total - sums.total
    guess = np.full_like(before, 0.5)
    np.divide(before, seen, out=guess, where=seen > 0)
    about = sums.squares - 2 * guess * sums.total + sums.n * guess**2
    spread = np.maximum(np.cumsum(about, axis=0), 0.0)
    width = gamma_exponential(spread, alpha / 2, best_at)
    mean, half = _per_row(total, rows), _per_row(width, rows)
    return Band(mean, np.maximum(mean - half, 0.0), np.minimum(mean + half, 1.0))


def asymptotic_width(
    n: ArrayLike, sd: ArrayLike, best_at: float = 1000.0, alpha: float = 0.05
) -> Floats:
    """Half the width of the asymptotic confidence sequence of a mean after ``n`` rows.

    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), "Time-uniform central limit theory and
    asymptotic confidence sequences": sd sqrt(2 (n r + 1) / (n^2 r) ln(sqrt(n r + 1) / alpha)), with
    r chosen so that it is tightest at ``best_at`` rows. It covers at all times at once, for many
    rows; the price is about half more width at ``best_at``.

    >>> round(float(asymptotic_width(1000, 1.0)), 4)
    0.096
    """
    rows = np.asarray(n, dtype=float)
    rate = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / best_at
    grown = rows * rate + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = np.sqrt(2 * grown / (rows**2 * rate) * np.log(np.sqrt(grown) / alpha))
    return np.asarray(sd * unit)


def asymptotic_band(sums: Sums, alpha: float = 0.05, best_at: float = 1000.0) -> Band:
    """The running mean of a number without bounds, with an asymptotic band: say so beside it."""
    rows, total = np.cumsum(sums.n, axis=0), np.cumsum(sums.total, axis=0)
    mean = _per_row(total, rows)
    squares = _per_row(np.cumsum(sums.squares, axis=0), rows)
    half = asymptotic_width(rows, np.sqrt(np.maximum(squares - mean**2, 0.0)), best_at, alpha)
    return Band(mean, mean - half, mean + half)


def _per_row(total: Floats, rows: Floats) -> Floats:
    out = np.full_like(total, np.nan)
    return np.divide(total, rows, out=out, where=rows > 0)
