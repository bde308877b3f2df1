"""Hellinger distance: how little the square roots of the shares overlap."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.drift.bins import (
    Z95,
    Floats,
    decile_counts,
    level_counts,
    mean_distance,
    sizes,
    too_few,
)
from analytics.drift.tenths import Divergence, Span, from_tenths
from analytics.needs import BinnedPair, LevelPair, NumericPair

MOST_BOUND = 0.03  # below a third of the tolerance: less sure, and rows are read


def distance_terms(p: Floats, q: Floats) -> tuple[Floats, Floats, Floats]:
    """(each bin's part of the squared distance, its gradients to p and to q)."""
    to_p, to_q = (
        (1 - np.sqrt(np.divide(other, own, out=np.ones_like(own), where=own > 0))) / 2
        for own, other in ((p, q), (q, p))
    )
    return (np.sqrt(p) - np.sqrt(q)) ** 2 / 2, to_p, to_q


def _estimate(
    counts: tuple[Floats, Floats], rows: tuple[int, int], span: Span | None = None
) -> Estimate:
    n, m = rows
    ref, cur = counts
    overlap = min(1.0, float(np.sqrt(ref / ref.sum() * (cur / cur.sum())).sum()))
    se = math.sqrt((1 - overlap**2) / 4 * (1 / n + 1 / m))
    squared, floor = 1 - overlap, mean_distance(len(ref), n, m)
    least, most = span or (squared, squared)
    value = math.sqrt(squared)
    detail = {
        "above_floor": max(0.0, value - floor),
        "floor": floor,
        "n_bins": len(ref),
        "n_reference": m,
    }
    low = math.sqrt(max(0.0, least - Z95 * se))
    high = math.sqrt(min(1.0, most + Z95 * se))
    return Estimate(value, low, high, "delta", n, detail=detail)


def compute(pair: NumericPair | BinnedPair) -> Estimate:
    """Distance on the bins (a, b] at the reference's deciles; undefined below 30 rows on a side."""
    return too_few(pair) or _estimate(decile_counts(pair), sizes(pair))


def from_bins(pair: BinnedPair) -> tuple[Estimate, ...] | None:
    """The distance from counts, within a bound where the bins lack the reference's tenths."""
    return from_tenths(pair, _DIVERGENCE, compute, MOST_BOUND)


def compute_levels(pair: LevelPair) -> Estimate:
    """Distance on the levels; undefined below 30 rows on a side."""
    return too_few(pair) or _estimate(level_counts(pair), sizes(pair))


_DIVERGENCE = Divergence(distance_terms, _estimate)
_MEANING = (
    "How far the shares of {what} moved, between 0 (equal) and 1 (nothing in common). Close to"
    " Jensen-Shannon, and more easily moved by small shares."
)
_SOURCE = "Hellinger (1909); the square root of 1 less the Bhattacharyya coefficient"

TEST = DriftTest(
    name="hellinger",
    label="Hellinger distance",
    needs=NumericPair,
    compute=compute,
    meaning=_MEANING.format(what="ten bins (the reference's tenths)"),
    source=_SOURCE,
    is_default=False,
    from_bins=from_bins,
)
LEVELS = DriftTest(
    name="hellinger",
    label="Hellinger distance",
    needs=LevelPair,
    compute=compute_levels,
    meaning=_MEANING.format(what="the levels"),
    source=_SOURCE,
    is_default=False,
)
