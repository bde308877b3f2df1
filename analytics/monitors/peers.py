"""The default drift rules of Evidently 0.7.23 and NannyML 0.13.1, written from their documentation.

Evidently (legacy/calculations/stattests): a reference of at most 1,000 rows: Kolmogorov-Smirnov
(p < 0.05) for numbers with more than five values, chi-squared (p < 0.05) for other columns, a z-test
of proportions for two levels. A larger one: Wasserstein distance over the reference's standard
deviation >= 0.1, and Jensen-Shannon distance (natural logarithm) >= 0.1.
NannyML (drift/univariate): Jensen-Shannon distance (base 2) of a chunk against the whole reference,
numbers in Doane bins; the alarm is the mean plus three standard deviations (ddof 0) of the reference's
own chunks. Its metrics (performance_calculation) alarm outside the mean and three standard deviations
of the reference's chunks, on both sides. No correction for many columns in either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
SMALL = 1000
CHUNKS = 10


class NumberRules:
    """Both rules of one numeric column; what they need of the reference is worked out once.

    ``reference`` comes in the order of its rows, unless its ``chunks`` are given.
    """

    def __init__(self, reference: Floats, chunks: Sequence[Floats] | None = None) -> None:
        whole = reference[~np.isnan(reference)]
        self._reference = np.sort(whole)
        self._area = _Area(self._reference)
        self._spread = max(float(np.std(whole)), 0.001) if len(whole) else 0.001
        self._chunks = np.array_split(whole, CHUNKS) if chunks is None else chunks
        self._edges: Floats | None = None

    def evidently(self, current: Floats) -> tuple[float, bool]:
        """(statistic or p-value, drifted) by the default rule."""
        from scipy import stats

        reference, current = self._reference, _ordered(current)
        if len(reference) > SMALL:
            value = self._area.to(current) / self._spread
            return value, value >= 0.1
        levels = np.unique(np.concatenate([reference, current]))
        if len(levels) <= 5:
            counts = [
                np.array([(side == v).sum() for v in levels]) for side in (reference, current)
            ]
            return evidently_levels(counts[0].astype(float), counts[1].astype(float))
        p = float(stats.ks_2samp(reference, current).pvalue)
        return p, p < 0.05

    def nannyml(self, current: Floats) -> tuple[float, bool]:
        """(JS distance in base 2, alarm) by the default rule."""
        if self._edges is None:
            self._edges = np.histogram_bin_edges(self._reference, bins="doane")
            self._share = _counts(self._reference, self._edges) / len(self._reference)
            self._limit = threshold([self._apart(_ordered(c)) for c in self._chunks])
        value = self._apart(_ordered(current))
        return value, value > self._limit

    def _apart(self, values: Floats) -> float:
        assert self._edges is not None
        counts = _counts(values, self._edges) / len(values)
        outside = 1 - counts.sum()
        if outside > 1e-12:
            return _js(np.append(self._share, 0), np.append(counts, outside), 2)
        return _js(self._share, counts, 2)


class _Area:
    """The Wasserstein distance of values to a reference: the area between both distribution functions.

    Between two neighbours of the values their function stands still, and that of the reference
    crosses it at most once; sums over the reference are worked out once, for all periods.
    """

    def __init__(self, reference: Floats) -> None:
        self._n = len(reference)
        self._centre = float(reference[self._n // 2]) if self._n else 0.0
        self._points = reference - self._centre
        self._sums = np.concatenate([[0.0], np.cumsum(self._points)])

    def to(self, ordered: Floats) -> float:
        """The distance; both sides in order."""
        values, n, m = ordered - self._centre, self._n, len(ordered)
        below = self._below(values, np.searchsorted(self._points, values, "right"))
        step = np.arange(1, m)
        level, low, high = step / m, values[:-1], values[1:]
        crossing = -(-n * step // m)  # rows of the reference up to where it reaches that level
        at = self._points[crossing - 1]
        turn = np.clip(at, low, high)
        area = np.where(
            at <= low, below[:-1], np.where(at >= high, below[1:], self._below(at, crossing))
        )
        before = level * (turn - low) - (area - below[:-1])
        after = (below[1:] - area) - level * (high - turn)
        last = values[-1]
        over = self._sums[n] / n - last + below[-1]  # the reference's mean less the last, cut at it
        return float(below[0] + (before + after).sum() + over)

    def _below(self, x: Floats, rows: npt.NDArray[np.int64]) -> Floats:
        """The integral of the reference's distribution function up to x, ``rows`` of it at most x."""
        return np.asarray((x * rows - self._sums[rows]) / self._n)


def evidently_number(reference: Floats, current: Floats) -> tuple[float, bool]:
    """(statistic or p-value, drifted) of a numeric column by the default rule."""
    return NumberRules(reference).evidently(current)


def nannyml_number(reference: Floats, current: Floats) -> tuple[float, bool]:
    """(JS distance in base 2, alarm) of a numeric column by the default rule."""
    return NumberRules(reference).nannyml(current)


def evidently_levels(reference: Floats, current: Floats) -> tuple[float, bool]:
    """(statistic or p-value, drifted) of counts by level by the default rule."""
    from scipy import stats

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
    value = _js(reference / reference.sum(), current / current.sum())
    return value, value >= 0.1


def nannyml_levels(reference: Sequence[Floats], current: Floats) -> tuple[float, bool]:
    """(JS distance in base 2, alarm) of counts by level; the reference comes in chunks."""
    whole = np.sum(reference, axis=0)

    def distance(counts: Floats) -> float:
        return _js(whole / whole.sum(), counts / counts.sum(), 2)

    value = distance(current)
    return value, value > threshold([distance(chunk) for chunk in reference])


def nannyml_metric(reference: Sequence[float], current: float) -> bool:
    """Whether a metric lies outside the mean and three standard deviations of the reference's chunks."""
    middle, spread = float(np.mean(reference)), float(np.nanstd(reference))
    return not middle - 3 * spread <= current <= middle + 3 * spread


def threshold(values: Sequence[float]) -> float:
    """NannyML's upper limit: the mean plus three standard deviations of the chunks' values."""
    return float(np.mean(values) + 3 * np.nanstd(values))


def _two_proportions(reference: Floats, current: Floats) -> float:
    n, m = float(current.sum()), float(reference.sum())
    a, b = current[0] / n, reference[0] / m
    pooled = (current[0] + reference[0]) / (n + m)
    se = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return math.erfc(abs(a - b) / se / math.sqrt(2)) if se > 0 else 1.0


def _ordered(values: Floats) -> Floats:
    """Sorted, without missing ones; at once where they stand so already."""
    kept = values[~np.isnan(values)]
    return kept if (kept[1:] >= kept[:-1]).all() else np.sort(kept)


def _counts(ordered: Floats, edges: Floats) -> npt.NDArray[np.int64]:
    """How many values lie in each bin [a, b), the last one [a, b]."""
    inner = np.searchsorted(ordered, edges[:-1], "left")
    return np.diff(np.append(inner, np.searchsorted(ordered, edges[-1], "right")))


def _js(p: Floats, q: Floats, base: float | None = None) -> float:
    from scipy.spatial.distance import jensenshannon

    return float(jensenshannon(p, q, base=base))
