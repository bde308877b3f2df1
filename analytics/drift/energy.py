"""Energy distance: the squared area between two cumulative distributions."""

from __future__ import annotations

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.drift.bins import sizes, too_few
from analytics.needs import NumericPair


def compute(pair: NumericPair) -> Estimate:
    """The root of twice the integral of (F - G)^2, as SciPy's ``energy_distance``.

    It is not free of scale: ``detail.per_root_iqr`` divides by the root of the reference's
    interquartile range. Undefined with infinite values and below 30 rows on a side.
    """
    undefined = too_few(pair)
    if undefined:
        return undefined
    n, m = sizes(pair)
    ends = np.array([pair.reference[0], pair.reference[-1], pair.current[0], pair.current[-1]])
    if not float(np.abs(ends).max()) <= 1e150:
        return Estimate.undefined("infinite values have no distance", n)
    values = np.concatenate((pair.reference, pair.current))
    values.sort(kind="stable")  # merges two sorted runs
    f = np.searchsorted(pair.reference, values[:-1], "right") / m
    g = np.searchsorted(pair.current, values[:-1], "right") / n
    value = float(np.sqrt(2 * ((f - g) ** 2 * np.diff(values)).sum()))
    low, high = np.quantile(pair.reference, (0.25, 0.75)).tolist()
    scaled = value / (high - low) ** 0.5 if high > low else None
    return Estimate(value, n=n, detail={"per_root_iqr": scaled, "n_reference": m})


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
