"""Kolmogorov-Smirnov: the largest difference between two cumulative distributions."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.drift.bins import Floats, is_filled, sizes, too_few
from analytics.needs import BinnedPair, NumericPair
from analytics.stats.kolmogorov import mean_difference, reach_of_chance, two_sample_p

_DKW = math.sqrt(math.log(4 / 0.05) / 2)  # 97.5 % for each side, 95 % together

MOST_BOUND = 0.005  # a D less sure than this is worked out from the rows


def largest_difference(a: Floats, b: Floats) -> tuple[float, float]:
    """(D, the value where it is reached) of two sorted samples, exact with ties and infinities.

    Between two values of the smaller sample its distribution is flat, so the extremes lie at and
    just before its values. The gaps at every k-th of them bound the gaps between: only spans that
    may hold the largest one are searched in full.

    >>> largest_difference(np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0, 5.0, 6.0]))
    (0.5, 2.0)
    """
    few, many = (a, b) if len(a) <= len(b) else (b, a)
    n, step = len(few), math.isqrt(len(few)) // 8
    if step < 2:
        return _gaps(few, many, _distinct(few))[:2]
    at = np.append(np.arange(0, n - 1, step), n - 1)
    d, where, below, upto = _gaps(few, many, few[at])
    # Inside the span from one such value to the next both shares stay between these ends.
    most = np.maximum(at[1:] / n - upto[:-1], below[1:] - (at[:-1] + 1) / n)
    within = np.repeat(most >= d - 1e-12, np.diff(at))
    if not within.any():
        return d, where
    inside, there, *_ = _gaps(few, many, _distinct(few[:-1][within]))
    best, at_minus = max((d, -where), (inside, -there))
    return best, -at_minus


def _gaps(few: Floats, many: Floats, values: Floats) -> tuple[float, float, Floats, Floats]:
    """The largest gap at and just before sorted values, the first of them that has it, and the
    shares of ``many`` below and up to each."""
    n, m = len(few), len(many)
    below, upto = np.searchsorted(many, values) / m, np.searchsorted(many, values, "right") / m
    before = np.abs(np.searchsorted(few, values) / n - below)
    after = np.abs(np.searchsorted(few, values, "right") / n - upto)
    gap = np.maximum(before, after)
    i = int(np.argmax(gap))
    return float(gap[i]), float(values[i]), below, upto


def _distinct(values: Floats) -> Floats:
    return values[np.concatenate(([True], values[1:] != values[:-1]))]


def compute(pair: NumericPair) -> Estimate:
    """D with SciPy's asymptotic p-value and the part of D that noise does not explain.

    A real gap and noise add up in squares, not in full: ``above_floor`` is the root of what is left
    of D squared without the D that 95 of 100 draws without drift stay below. ``floor`` is what such
    draws show on average.
    ``low`` and ``high`` bound the population's D by the Dvoretzky-Kiefer-Wolfowitz inequality for
    both samples (Massart 1990): conservative, drawn, and not what decides. Undefined with fewer
    than 30 rows on a side.
    """
    undefined = too_few(pair)
    if undefined:
        return undefined
    d, where = largest_difference(pair.reference, pair.current)
    return _estimate((d, d), where, sizes(pair))


def from_bins(pair: BinnedPair) -> tuple[Estimate, Estimate] | None:
    """The least and the most that D can be; None where they are more than ``MOST_BOUND`` apart.

    At an edge the gap is exact. Inside a bin each curve only rises, so that the gap there is at most
    that of one side's upper end and the other's lower one; a bin that one value fills has no inside.
    """
    undefined = too_few(pair)
    if undefined:
        return undefined, undefined
    n, m = sizes(pair)
    upto = [np.concatenate(([0.0], np.cumsum(side))) for side in (pair.reference, pair.current)]
    f, g = upto[0] / m, upto[1] / n
    gaps = np.abs(f - g)[1:-1]
    i = int(np.argmax(gaps)) if len(gaps) else 0
    least = float(gaps[i]) if len(gaps) else 0.0
    inside = np.maximum(f[1:] - g[:-1], g[1:] - f[:-1])
    inside[1:-1][is_filled(pair.edges)] = 0.0
    most = min(1.0, max(least, float(inside.max())))
    if most - least > MOST_BOUND:
        return None
    where = float(pair.edges[i]) if len(gaps) else math.nan
    return (
        _estimate((least, most), where, (n, m)),
        _estimate((most, least), where, (n, m)),
    )


def _estimate(ds: tuple[float, float], where: float, rows: tuple[int, int]) -> Estimate:
    """The first D judged; the interval holds whatever D lies between both."""
    (d, other), (n, m) = ds, rows
    margin = _DKW * (1 / math.sqrt(n) + 1 / math.sqrt(m))
    low, high = max(0.0, min(ds) - margin), min(1.0, max(ds) + margin)
    detail = {
        "p_value": two_sample_p(d, n, m),
        "above_floor": math.sqrt(max(0.0, d * d - reach_of_chance(n, m) ** 2)),
        "floor": mean_difference(n, m),
        "at": where if math.isfinite(where) else None,
        "n_reference": m,
    }
    if other != d:
        detail["bound"] = abs(other - d)
    return Estimate(d, low, high, "DKW", n, detail=detail)


TEST = DriftTest(
    name="ks",
    label="Kolmogorov-Smirnov D",
    needs=NumericPair,
    compute=compute,
    meaning=(
        "The largest share of rows by which the two distributions differ below any one value:"
        " 0 is no difference, 1 is no overlap. It has no unit, and one outlier hardly moves it."
    ),
    source=(
        "Smirnov (1939); p-value by Simard and L'Ecuyer (2011), as scipy.stats.ks_2samp(method='asymp')"
    ),
    decides=True,
    tolerance=(0.075, 0.2),  # docs/power.md: what that finds
    from_bins=from_bins,
)
