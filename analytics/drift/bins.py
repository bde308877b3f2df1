"""What several drift tests share: enough rows, bins at the reference's deciles, shares."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from analytics.core import Estimate
from analytics.needs import BinnedPair, LevelPair, NumericPair
from analytics.stats.decision import MIN_ROWS
from analytics.summaries.edges import decile_edges

Floats = npt.NDArray[np.float64]

Z95 = 1.959963984540054


def sizes(pair: NumericPair | LevelPair | BinnedPair) -> tuple[int, int]:
    """(rows with a value in the current window, rows with a value in the reference)."""
    if isinstance(pair, NumericPair):
        return len(pair.current), len(pair.reference)
    return round(float(pair.current.sum())), round(float(pair.reference.sum()))


def too_few(pair: NumericPair | LevelPair | BinnedPair) -> Estimate | None:
    """Why a pair cannot be compared: fewer than 30 rows with a value on a side; else None."""
    n, m = sizes(pair)
    if min(n, m) >= MIN_ROWS:
        return None
    missing = (
        ("current", pair.n_missing_current) if n < m else ("reference", pair.n_missing_reference)
    )
    reason = f"too few rows with a value ({n} current, {m} reference; at least {MIN_ROWS} each)"
    if min(n, m) == 0:
        side, n_missing = missing
        reason = f"all {side} values are missing" if n_missing else f"no {side} rows"
    return Estimate.undefined(reason, n)


def decile_counts(pair: NumericPair | BinnedPair) -> tuple[Floats, Floats]:
    """(reference, current) rows in the bins (a, b] at the reference's deciles, ends open.

    Bins that are empty on both sides are left out.
    """
    if isinstance(pair, BinnedPair):
        reference, current = (_tenths(pair, side) for side in (pair.reference, pair.current))
    else:
        edges = decile_edges(pair.reference)
        reference, current = _counts(pair.reference, edges), _counts(pair.current, edges)
    seen = reference + current > 0
    return reference[seen], current[seen]


def _tenths(pair: BinnedPair, counts: Floats) -> Floats:
    """Rows in the reference's tenths, whose edges are among those of the bins."""
    assert pair.tenths is not None
    starts = np.searchsorted(pair.edges, pair.tenths) + 1
    return np.add.reduceat(counts, np.concatenate(([0], starts)))


def is_filled(edges: Floats) -> npt.NDArray[np.bool_]:
    """Which bins between neighbouring edges one value fills: nothing lies between them."""
    with np.errstate(over="ignore"):
        return np.asarray(np.nextafter(edges[:-1], np.inf) >= edges[1:])


def _counts(values: Floats, edges: Floats) -> Floats:
    upto = np.searchsorted(values, edges, side="right")
    return np.diff(np.concatenate(([0], upto, [len(values)]))).astype(float)


def level_counts(pair: LevelPair) -> tuple[Floats, Floats]:
    """(reference, current) rows of the levels that either side has."""
    seen = pair.reference + pair.current > 0
    return pair.reference[seen], pair.current[seen]


def top_levels(pair: LevelPair, contribution: Floats, most: int = 10) -> list[dict[str, object]]:
    """The levels that contribute most, with both shares; for ``detail.top``."""
    m, n = max(float(pair.reference.sum()), 1.0), max(float(pair.current.sum()), 1.0)
    order = np.argsort(-contribution, kind="stable")[:most]
    return [
        {
            "level": pair.levels[i],
            "reference": float(pair.reference[i] / m),
            "current": float(pair.current[i] / n),
            "contribution": float(contribution[i]),
        }
        for i in order.tolist()
        if contribution[i] > 0
    ]


def delta_se(
    gradients: tuple[Floats, Floats], shares: tuple[Floats, Floats], rows: tuple[int, int]
) -> float:
    """Standard error of a smooth function of two multinomials' shares, by the delta method."""
    variance = 0.0
    for gradient, share, n in zip(gradients, shares, rows, strict=True):
        mean = float(share @ gradient)
        variance += float(share @ (gradient - mean) ** 2) / n
    return math.sqrt(variance)


def mean_distance(n_bins: int, n: int, m: int) -> float:
    """The mean Hellinger distance of two samples of the same law: its square is chi-square, scaled.

    Divided by the square root of ln 2 it is the mean Jensen-Shannon distance to base 2.

    >>> round(mean_distance(50, 1000, 1000), 3)
    0.11
    """
    degrees = n_bins - 1
    if degrees == 0:
        return 0.0
    mean_of_chi = math.sqrt(2) * math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2))
    return mean_of_chi * math.sqrt((1 / n + 1 / m) / 8)
