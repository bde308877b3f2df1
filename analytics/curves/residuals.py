"""Residuals of a regression: their histogram, and how they lean along the prediction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.needs import Floats, Pairs


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
    residual = pairs.y_pred - pairs.y_true
    low, high = np.quantile(residual, (0.005, 0.995))
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(residual, np.linspace(low, high, n_bins + 1))
    order = np.argsort(pairs.y_pred, kind="stable")
    groups = [g for g in np.array_split(order, min(n_groups, pairs.n)) if len(g)]
    ends = np.array([np.quantile(residual[g], (0.1, 0.5, 0.9)) for g in groups])
    return Residuals(
        edges,
        counts / pairs.n,
        pairs.n - int(counts.sum()),
        np.array([float(np.median(pairs.y_pred[g])) for g in groups]),
        ends[:, 0],
        ends[:, 1],
        ends[:, 2],
    )
