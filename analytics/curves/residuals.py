"""Residuals of a regression: their histogram, and how they lean along the prediction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.needs import Floats, Pairs

LARGEST = 1e300  # beyond this a residual is counted outside


@dataclass(frozen=True, slots=True)
class Residuals:
    """Prediction minus label.

    ``edges`` and ``share`` are a histogram of the middle 99 %; ``n_outside`` rows lie beyond it.
    ``predicted`` with ``low``, ``middle`` and ``high`` are the 10, 50 and 90 % quantiles of the
    residual in bins of equal mass along the prediction.
    """

    edges: Floats
    share: Floats
    n_outside: int
    predicted: Floats
    low: Floats
    middle: Floats
    high: Floats


def residuals(pairs: Pairs, n_bins: int = 40, n_groups: int = 20) -> Residuals | None:
    """Histogram and leaning of the residuals, weights aside; None below two rows.

    >>> pairs = Pairs.from_arrays(np.arange(100.0), np.arange(100.0) + 1)
    >>> residuals(pairs).middle.tolist() == [1.0] * 20
    True
    """
    if pairs.n < 2:
        return None
    residual, predicted = _finite(pairs)
    if len(residual) < 2:
        return None
    edges = _edges(residual, n_bins)
    counts, _edges_again = np.histogram(residual, edges)
    order = np.argsort(predicted, kind="stable")
    groups = np.array_split(order, min(n_groups, len(order)))
    ends = np.array([np.quantile(residual[g], (0.1, 0.5, 0.9)) for g in groups])
    return Residuals(
        edges,
        counts / pairs.n,
        pairs.n - int(counts.sum()),
        np.array([float(np.quantile(predicted[g], 0.5)) for g in groups]),
        ends[:, 0],
        ends[:, 1],
        ends[:, 2],
    )


def _finite(pairs: Pairs) -> tuple[Floats, Floats]:
    """(residual, prediction) of the rows whose residual and its spread can be computed with."""
    with np.errstate(over="ignore"):
        residual = pairs.y_pred - pairs.y_true
    kept = np.abs(residual) < LARGEST
    return residual[kept], np.clip(pairs.y_pred[kept], -LARGEST, LARGEST)


def _edges(residual: Floats, n_bins: int) -> Floats:
    """Edges of the middle 99 %, widened where all residuals are the same."""
    low, high = (float(end) for end in np.quantile(residual, (0.005, 0.995)))
    if low == high:
        half = max(0.5, abs(low) * 1e-6)
        low, high = low - half, high + half
    found: Floats = np.linspace(low, high, n_bins + 1)
    return found
