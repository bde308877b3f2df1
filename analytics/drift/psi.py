"""Population stability index: the symmetric relative entropy of two sets of shares."""

from __future__ import annotations

from typing import Any

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.drift.bins import (
    Z95,
    Floats,
    decile_counts,
    delta_se,
    level_counts,
    sizes,
    too_few,
    top_levels,
)
from analytics.drift.tenths import Divergence, Span, from_tenths
from analytics.needs import BinnedPair, LevelPair, NumericPair

MOST_BOUND = 0.02  # a fifth of what is customary to call a warning: less sure, and rows are read

_MEANING = (
    "How much the shares of {what} moved, each move weighted by its ratio. The values .1 and .2 are"
    " customary; small samples reach them without any drift, so the floor of noise is taken off."
)


def stability_terms(p: Floats, q: Floats) -> tuple[Floats, Floats, Floats]:
    """(each bin's part of the index, its gradients to p and to q); no share may be 0."""
    ratio = np.log(q / p)
    return (q - p) * ratio, -ratio + 1 - q / p, ratio + 1 - p / q


def stability_index(reference: Floats, current: Floats) -> tuple[float, float, bool]:
    """(PSI, its standard error, whether rows were added) of two aligned arrays of counts.

    Where some bin is empty on one side, half a row is added to every bin of both sides
    (Krichevsky and Trofimov 1981), because the ratio has no value otherwise.

    >>> round(stability_index(np.array([50.0, 50.0]), np.array([75.0, 25.0]))[0], 6)
    0.274653
    """
    is_padded = bool((reference == 0).any() or (current == 0).any())
    n, m = current.sum(), reference.sum()
    ref, cur = (reference + 0.5, current + 0.5) if is_padded else (reference, current)
    p, q = ref / ref.sum(), cur / cur.sum()
    terms, to_p, to_q = stability_terms(p, q)
    return float(terms.sum()), delta_se((to_p, to_q), (p, q), (m, n)), is_padded


def _estimate(
    counts: tuple[Floats, Floats],
    rows: tuple[int, int],
    span: Span | None = None,
    extra: dict[str, Any] | None = None,
) -> Estimate:
    n, m = rows
    value, se, is_padded = stability_index(*counts)
    least, most = span or (value, value)
    floor = (len(counts[0]) - 1) * (1 / n + 1 / m)
    detail = {
        "above_floor": max(0.0, value - floor),
        "floor": floor,
        "n_bins": len(counts[0]),
        "half_row_added": is_padded,
        "n_reference": m,
        **(extra or {}),
    }
    low, high = max(0.0, least - Z95 * se), most + Z95 * se
    return Estimate(value, low, high, "delta", n, se, detail=detail)


def compute(pair: NumericPair | BinnedPair) -> Estimate:
    """PSI on the bins (a, b] at the reference's nine inner deciles, duplicates removed, ends open.

    Without drift its mean is about (bins - 1)(1/n + 1/m): ``detail.above_floor`` is what is left.
    Undefined with fewer than 30 rows on a side.
    """
    undefined = too_few(pair)
    if undefined:
        return undefined
    return _estimate(decile_counts(pair), sizes(pair))


def from_bins(pair: BinnedPair) -> tuple[Estimate, ...] | None:
    """PSI from counts, within a bound where the bins lack the reference's tenths."""
    return from_tenths(pair, _DIVERGENCE, compute, MOST_BOUND)


def compute_levels(pair: LevelPair) -> Estimate:
    """PSI on the levels that either side has. Undefined with fewer than 30 rows on a side."""
    undefined = too_few(pair)
    if undefined:
        return undefined
    n, m = sizes(pair)
    p, q = (pair.reference + 0.5) / m, (pair.current + 0.5) / n
    top = top_levels(pair, (q - p) * np.log(q / p))
    return _estimate(level_counts(pair), (n, m), extra={"top": top})


_DIVERGENCE = Divergence(stability_terms, _estimate, is_root=False, is_padded=True)
_SOURCE = "Kullback and Leibler (1951), J divergence; floor: chi-square limit of Yurdakul and Naranjo (2020)"

TEST = DriftTest(
    name="psi",
    label="PSI",
    needs=NumericPair,
    compute=compute,
    meaning=_MEANING.format(what="ten bins (the reference's tenths)"),
    source=_SOURCE,
    from_bins=from_bins,
)
LEVELS = DriftTest(
    name="psi",
    label="PSI",
    needs=LevelPair,
    compute=compute_levels,
    meaning=_MEANING.format(what="the levels"),
    source=_SOURCE,
)
