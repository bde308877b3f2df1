"""The default drift rules of Evidently 0.7.23 and NannyML 0.13.1, written from their documentation.

Evidently (legacy/calculations/stattests): a reference of at most 1,000 rows: Kolmogorov-Smirnov
(p < 0.05) for numbers with more than five values, chi-squared (p < 0.05) for other columns, a z-test
of proportions for two levels. A larger one: Wasserstein distance over the reference's standard
deviation >= 0.1, and Jensen-Shannon distance (natural logarithm) >= 0.1.
NannyML (drift/univariate): Jensen-Shannon distance (base 2) of a chunk against the whole reference,
numbers in Doane bins; the alarm is the mean plus three standard deviations (ddof 0) of the reference's
own chunks. No correction for many columns in either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.spatial.distance import jensenshannon

Floats = npt.NDArray[np.float64]
SMALL = 1000
CHUNKS = 10


def evidently_number(reference: Floats, current: Floats) -> tuple[float, bool]:
    """(statistic or p-value, drifted) of a numeric column by the default rule."""
    reference, current = reference[~np.isnan(reference)], current[~np.isnan(current)]
    if len(reference) <= SMALL:
        if len(np.unique(np.concatenate([reference, current]))) <= 5:
            levels = np.unique(np.concatenate([reference, current]))
            counts = [
                np.array([(side == v).sum() for v in levels]) for side in (reference, current)
            ]
            return evidently_levels(counts[0].astype(float), counts[1].astype(float))
        p = float(stats.ks_2samp(reference, current).pvalue)
        return p, p < 0.05
    spread = max(float(np.std(reference)), 0.001)
    value = float(stats.wasserstein_distance(reference, current)) / spread
    return value, value >= 0.1


def evidently_levels(reference: Floats, current: Floats) -> tuple[float, bool]:
    """(statistic or p-value, drifted) of counts by level by the default rule."""
    if reference.sum() <= SMALL:
        kept = (reference + current) > 0
        reference, current = reference[kept], current[kept]
        if len(reference) <= 2:
            p = _two_proportions(reference, current)
        else:
            expected = reference / reference.sum() * current.sum()
            if (expected == 0).any():
                return 0.0, True  # a level that the reference never had: its share is none
            p = float(stats.chisquare(current, expected).pvalue)
        return p, p < 0.05
    value = float(jensenshannon(reference / reference.sum(), current / current.sum()))
    return value, value >= 0.1


def _two_proportions(reference: Floats, current: Floats) -> float:
    n, m = float(current.sum()), float(reference.sum())
    a, b = current[0] / n, reference[0] / m
    pooled = (current[0] + reference[0]) / (n + m)
    se = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return math.erfc(abs(a - b) / se / math.sqrt(2)) if se > 0 else 1.0


def nannyml_number(reference: Floats, current: Floats) -> tuple[float, bool]:
    """(JS distance in base 2, alarm) of a numeric column by the default rule."""
    reference, current = reference[~np.isnan(reference)], current[~np.isnan(current)]
    edges = np.histogram_bin_edges(reference, bins="doane")
    share = np.histogram(reference, edges)[0] / len(reference)

    def distance(values: Floats) -> float:
        counts = np.histogram(values, edges)[0] / len(values)
        outside = 1 - counts.sum()
        if outside > 1e-12:
            return float(jensenshannon(np.append(share, 0), np.append(counts, outside), base=2))
        return float(jensenshannon(share, counts, base=2))

    value = distance(current)
    return value, value > _threshold([distance(c) for c in np.array_split(reference, CHUNKS)])


def nannyml_levels(reference: Sequence[Floats], current: Floats) -> tuple[float, bool]:
    """(JS distance in base 2, alarm) of counts by level; the reference comes in chunks."""
    whole = np.sum(reference, axis=0)

    def distance(counts: Floats) -> float:
        return float(jensenshannon(whole / whole.sum(), counts / counts.sum(), base=2))

    value = distance(current)
    return value, value > _threshold([distance(chunk) for chunk in reference])


def _threshold(values: Sequence[float]) -> float:
    return float(np.mean(values) + 3 * np.nanstd(values))
