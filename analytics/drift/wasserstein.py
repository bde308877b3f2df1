"""Wasserstein distance: how far values moved, in their own unit."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.drift.bins import Z95, Floats, is_filled, sizes, too_few
from analytics.needs import BinnedPair, NumericPair

MOST_BOUND = 0.02  # interquartile ranges: a distance less sure than this, and than a
MOST_SHARE = 0.1  # tenth of itself, is worked out from the rows


def transport(reference: Floats, current: Floats) -> tuple[float, float]:
    """(W1, its standard error) of two sorted finite samples; W1 is the area between the two curves.

    The standard error is the normal one of the influence function h, the running integral of the
    sign of F - G (del Barrio et al. 1999); it says little where nothing moved.
    """
    values = np.concatenate((reference, current))
    values.sort(kind="stable")  # merges two sorted runs
    gaps = np.diff(values)
    f = np.searchsorted(reference, values[:-1], "right") / len(reference)
    g = np.searchsorted(current, values[:-1], "right") / len(current)
    distance = float((np.abs(f - g) * gaps).sum())
    h = np.concatenate(([0.0], np.cumsum(np.sign(f - g) * gaps)))
    variance = 0.0
    for sample in (reference, current):
        variance += float(h[np.searchsorted(values, sample)].var()) / len(sample)
    return distance, math.sqrt(variance)


def compute(pair: NumericPair) -> Estimate:
    """W1 as SciPy's ``wasserstein_distance``; ``detail.per_iqr`` divides by the reference's IQR.

    ``per_iqr`` is None where the interquartile range is 0. Undefined with infinite values and
    with fewer than 30 rows on a side.
    """
    undefined = too_few(pair)
    if undefined:
        return undefined
    n, m = sizes(pair)
    ends = np.array([pair.reference[0], pair.reference[-1], pair.current[0], pair.current[-1]])
    if not float(np.abs(ends).max()) <= 1e150:  # squares would overflow
        return Estimate.undefined("infinite values have no distance", n)
    distance, se = transport(pair.reference, pair.current)
    quartiles = np.quantile(pair.reference, (0.25, 0.75))
    iqr = float(quartiles[1] - quartiles[0])
    detail = {"per_iqr": distance / iqr if iqr > 0 else None, "iqr": iqr, "n_reference": m}
    low, high = max(0.0, distance - Z95 * se), distance + Z95 * se
    return Estimate(distance, low, high, "normal", n, se, detail=detail)


def from_bins(pair: BinnedPair) -> tuple[Estimate, Estimate] | None:
    """W1 within a bound; None where that is more than ``MOST_BOUND`` and ``MOST_SHARE`` allow.

    Inside a bin (a, b] the gap of the two curves lies between that of one side's value at a and the
    other's at b, and the reverse: the area between them is at least what the nearer of both to zero
    spans (nothing where they have different signs), and at most what the farther spans. The value
    is the area as if rows stood evenly in each bin, kept between both; its standard error as well.
    """
    undefined = too_few(pair)
    if undefined:
        return undefined, undefined
    n, m = sizes(pair)
    low, high = pair.ends or (math.nan, math.nan)
    if not max(abs(low), abs(high)) <= 1e150:  # squares would overflow
        undefined = Estimate.undefined("infinite values have no distance", n)
        return undefined, undefined
    edges = np.concatenate(([low], np.clip(pair.edges, low, high), [high]))
    widths = np.diff(edges)
    shares = (pair.reference / m, pair.current / n)
    f, g = (np.concatenate(([0.0], np.cumsum(share))) for share in shares)
    up, down = f[1:] - g[:-1], f[:-1] - g[1:]
    least = np.where(up * down > 0, np.minimum(np.abs(up), np.abs(down)), 0.0)
    most = np.maximum(np.abs(up), np.abs(down))
    most[is_filled(edges)] = 0.0
    value, se = _evenly((f, g), widths, shares, (m, n))
    ends = float((np.minimum(least, most) * widths).sum()), float((most * widths).sum())
    value = min(max(value, ends[0]), ends[1])
    bound = max(ends[1] - value, value - ends[0])
    quartiles = [_quantile(f, edges, share) for share in (0.25, 0.75)]
    iqr = quartiles[1] - quartiles[0]
    if not bound <= max(MOST_BOUND * iqr, MOST_SHARE * value) or iqr <= 0:
        return None
    detail = {"per_iqr": value / iqr, "iqr": iqr, "n_reference": m, "bound": bound}
    lowest, highest = max(0.0, value - bound - Z95 * se), value + bound + Z95 * se
    found = Estimate(value, lowest, highest, "normal", n, se, detail=detail)
    return found, found


def _evenly(
    curves: tuple[Floats, Floats],
    widths: Floats,
    shares: tuple[Floats, Floats],
    rows: tuple[int, int],
) -> tuple[float, float]:
    """(W1, its standard error) as if the rows of each bin stood evenly in it."""
    gaps = curves[0] - curves[1]
    a, b = np.abs(gaps[:-1]), np.abs(gaps[1:])
    crosses = gaps[:-1] * gaps[1:] < 0
    area = np.where(crosses, (a * a + b * b) / 2 / np.where(crosses, a + b, 1.0), (a + b) / 2)
    distance = float((area * widths).sum())
    h = np.cumsum(np.sign(gaps[:-1] + gaps[1:]) * widths)
    h -= np.sign(gaps[:-1] + gaps[1:]) * widths / 2
    variance = 0.0
    for share, n in zip(shares, rows, strict=True):
        variance += float(share @ (h - share @ h) ** 2) / n
    return distance, math.sqrt(variance)


def _quantile(curve: Floats, edges: Floats, share: float) -> float:
    """The value below which a share of the rows lies, as if they stood evenly in each bin."""
    i = min(max(int(np.searchsorted(curve, share)), 1), len(curve) - 1)
    rise = curve[i] - curve[i - 1]
    part = (share - curve[i - 1]) / rise if rise > 0 else 1.0
    return float(edges[i - 1] + part * (edges[i] - edges[i - 1]))


TEST = DriftTest(
    name="wasserstein",
    label="Wasserstein distance",
    needs=NumericPair,
    compute=compute,
    meaning=(
        "How far a value has to move on average to turn the reference into the current window, in"
        " the column's own unit. Beside it stands the distance in interquartile ranges."
    ),
    source="Vallender (1974); scipy.stats.wasserstein_distance",
    from_bins=from_bins,
)
