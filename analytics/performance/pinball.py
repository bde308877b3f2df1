"""Pinball loss: how well predicted quantiles stand, too high and too low weighed by their level."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Pairs, Quantiles
from analytics.stats.intervals import POSITIVE, TOO_LARGE, mean_of


def pinball(rows: Quantiles, of: str | None = None) -> Estimate:
    """Mean over rows and levels of max(q (y - f), (q - 1)(y - f)), in the unit of the label.

    >>> rows = Quantiles(np.array([1.0, 3.0]), (0.5,), np.array([[2.0, 2.0]]), np.ones(2))
    >>> pinball(rows).value
    0.5
    """
    level = np.array(rows.levels)[:, None]
    with np.errstate(all="ignore"):
        miss = rows.y_true[None, :] - rows.predicted
        loss = np.maximum(level * miss, (level - 1) * miss).mean(axis=0) if rows.n else np.empty(0)
    if not np.isfinite(loss).all():
        return Estimate.undefined(TOO_LARGE, rows.n)
    pairs = Pairs.from_arrays(np.zeros(len(loss)), loss, sample_weight=rows.weight)
    return mean_of(pairs, lambda _y, p: p, bounds=POSITIVE)


METRIC = Metric(
    name="pinball",
    label="Pinball loss",
    tasks=("regression",),
    needs=Quantiles,
    compute=pinball,
    better="lower",
    unit="label",
    meaning="The mean loss of the predicted quantiles, which is least when each quantile is the true"
    " one. It joins width and coverage in one number, in the unit of the label.",
    source="scikit-learn mean_pinball_loss, mean over levels; interval: skew-corrected t (Hall 1992)",
    is_default=False,
    tolerance=(0.1, 0.2),
)
