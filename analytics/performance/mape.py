"""MAPE: the mean absolute error as a fraction of the label."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Pairs
from analytics.stats.intervals import POSITIVE, mean_of

EPS = float(np.finfo(np.float64).eps)


def mape(pairs: Pairs, of: str | None = None) -> Estimate:
    """Mean of |prediction - label| / |label|; 0.1 is ten per cent.

    A label of zero counts as 2.2e-16, as in scikit-learn: ``detail.n_zero_labels`` says how many
    such rows make the number useless.

    >>> import numpy
    >>> pairs = Pairs.from_arrays(numpy.array([1.0, 2.0, 4.0]), numpy.array([2.0, 2.0, 3.0]))
    >>> round(mape(pairs).value, 6)
    0.416667
    """
    found = mean_of(pairs, lambda y, p: np.abs(p - y) / np.maximum(np.abs(y), EPS), bounds=POSITIVE)
    n_zero = int((np.abs(pairs.y_true) <= EPS).sum())
    return replace(found, detail={**found.detail, "n_zero_labels": n_zero})


METRIC = Metric(
    name="mape",
    label="MAPE",
    tasks=("regression",),
    needs=Pairs,
    compute=mape,
    better="lower",
    unit="score",
    meaning="The mean absolute error as a fraction of the label (0.1 is ten per cent). Labels near zero"
    " make it huge; too low can cost at most 1, too high has no bound.",
    source="scikit-learn mean_absolute_percentage_error; interval: skew-corrected t (Hall 1992)",
    is_default=False,
    tolerance=(0.1, 0.2),
)
