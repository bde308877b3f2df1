"""Energy distance: the squared area between two cumulative distributions."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.drift.bins import Z95, Floats, sizes, too_few
from analytics.needs import NumericPair


def squared_distance(reference: Floats, current: Floats) -> tuple[float, float]:
    """(twice the integral of (F - G)^2, its standard error) of two sorted finite samples.

    The influence of a row is four times the running integral of F - G at its value.
    """
    values = np.concatenate((reference, current))
    values.sort(kind="stable")  # merges two sorted runs
    gaps = np.diff(values)
    f = np.searchsorted(reference, values[:-1], "right") / len(reference)
    g = np.searchsorted(current, values[:-1], "right") / len(current)
    influence = 4 * np.concatenate(([0.0], np.cumsum((f - g) * gaps)))
    variance = sum(
        float(influence[np.searchsorted(values, sample)].var()) / len(sample)
        for sample in (reference, current)
    )
    return float(2 * ((f - g) ** 2 * gaps).sum()), math.sqrt(variance)


def compute(pair: NumericPair) -> Estimate:
    """The root of twice the integral of (F - G)^2, as SciPy's ``energy_distance``.

    It is not free of scale: ``detail.per_root_iqr`` divides by the root of the reference's
    interquartile range. Undefined with infinite values and below 30 rows on a side.
    """
    undefined = too_few(pair)
    if undefined:
        return undefined
    n, m = sizes(pair)
    extremes = np.array([pair.reference[0], pair.reference[-1], pair.current[0], pair.current[-1]])
    if not float(np.abs(extremes).max()) <= 1e150:
        return Estimate.undefined("infinite values have no distance", n)
    squared, se = squared_distance(pair.reference, pair.current)
    value, margin = math.sqrt(squared), Z95 * se
    ends = math.sqrt(max(0.0, squared - margin)), math.sqrt(squared + margin)
    low, high = np.quantile(pair.reference, (0.25, 0.75)).tolist()
    scaled = value / (high - low) ** 0.5 if high > low else None
    detail = {"per_root_iqr": scaled, "n_reference": m}
    return Estimate(value, *ends, "delta", n, detail=detail)


TEST = DriftTest(
    name="energy",
    label="Energy distance",
    needs=NumericPair,
    compute=compute,
    meaning=(
        "How far apart the two distributions are as a whole, in the square root of the column's"
        " unit: 0 is no difference."
    ),
    source="Székely and Rizzo (2013); scipy.stats.energy_distance",
    is_default=False,
)
