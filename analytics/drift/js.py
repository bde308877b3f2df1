"""Jensen-Shannon distance: the square root of the divergence from the two samples' middle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.drift.bins import (
    Z95,
    Floats,
    decile_counts,
    delta_se,
    level_counts,
    mean_distance,
    sizes,
    too_few,
    top_levels,
)
from analytics.drift.tenths import Divergence, Span, from_tenths
from analytics.needs import BinnedPair, LevelPair, NumericPair

MOST_BOUND = 0.03  # below a third of the tolerance: less sure, and rows are read

_MEANING = (
    "How far the shares of {what} moved, between 0 (equal) and 1 (nothing in common). The distance"
    " that noise alone would show is taken off before it is judged."
)


def divergence_terms(p: Floats, q: Floats) -> tuple[Floats, Floats, Floats]:
    """(each bin's part of the divergence in bits, its gradients to p and to q)."""
    middle = (p + q) / 2
    to_p = np.log2(np.divide(p, middle, out=np.ones_like(p), where=p > 0)) / 2
    to_q = np.log2(np.divide(q, middle, out=np.ones_like(q), where=q > 0)) / 2
    return p * to_p + q * to_q, to_p, to_q


def _estimate(
    counts: tuple[Floats, Floats],
    rows: tuple[int, int],
    span: Span | None = None,
    extra: dict[str, Any] | None = None,
) -> Estimate:
    n, m = rows
    p, q = (side / side.sum() for side in counts)
    terms, to_p, to_q = divergence_terms(p, q)
    divergence = min(1.0, max(0.0, float(terms.sum())))
    least, most = span or (divergence, divergence)
    se = delta_se((to_p, to_q), (p, q), (m, n))
    floor = mean_distance(len(p), n, m) / math.sqrt(math.log(2))
    value = math.sqrt(divergence)
    detail = {
        "above_floor": max(0.0, value - floor),
        "floor": floor,
        "n_bins": len(p),
        "n_reference": m,
        **(extra or {}),
    }
    low = math.sqrt(max(0.0, least - Z95 * se))
    high = math.sqrt(min(1.0, most + Z95 * se))
    return Estimate(value, low, high, "delta", n, detail=detail)


def compute(pair: NumericPair | BinnedPair) -> Estimate:
    """Distance to base 2 on the bins (a, b] at the reference's nine inner deciles.

    Undefined with fewer than 30 rows on a side.
    """
    undefined = too_few(pair)
    if undefined:
        return undefined
    return _estimate(decile_counts(pair), sizes(pair))


def from_bins(pair: BinnedPair) -> tuple[Estimate, ...] | None:
    """The distance from counts, within a bound where the bins lack the reference's tenths."""
    return from_tenths(pair, _DIVERGENCE, compute, MOST_BOUND)


def compute_levels(pair: LevelPair) -> Estimate:
    """Distance to base 2 on the levels. Undefined with fewer than 30 rows on a side."""
    undefined = too_few(pair)
    if undefined:
        return undefined
    p, q = (side / side.sum() for side in (pair.reference, pair.current))
    top = top_levels(pair, divergence_terms(p, q)[0])
    return _estimate(level_counts(pair), sizes(pair), extra={"top": top})


_DIVERGENCE = Divergence(divergence_terms, _estimate)
_SOURCE = "Endres and Schindelin (2003); scipy.spatial.distance.jensenshannon(base=2)"

TEST = DriftTest(
    name="js",
    label="Jensen-Shannon distance",
    needs=NumericPair,
    compute=compute,
    meaning=_MEANING.format(what="ten bins (the reference's tenths)"),
    source=_SOURCE,
    from_bins=from_bins,
)
LEVELS = DriftTest(
    name="js",
    label="Jensen-Shannon distance",
    needs=LevelPair,
    compute=compute_levels,
    meaning=_MEANING.format(what="the levels"),
    source=_SOURCE,
)
