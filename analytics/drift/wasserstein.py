"""Wasserstein distance: how far values moved, in their own unit."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.drift.bins import Z95, Floats, sizes, too_few
from analytics.needs import NumericPair


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
)
