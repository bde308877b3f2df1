"""sMAPE: the mean of twice the absolute error over the sum of sizes of label and prediction."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Floats, Pairs
from analytics.stats.intervals import mean_of


def smape(pairs: Pairs, of: str | None = None) -> Estimate:
    """Mean of 2 |prediction - label| / (|label| + |prediction|), in [0, 2]; 0 where both are 0.

    >>> import numpy
    >>> pairs = Pairs.from_arrays(numpy.array([1.0, 2.0, 4.0]), numpy.array([2.0, 2.0, 3.0]))
    >>> round(smape(pairs).value, 6)
    0.31746
    """

    def loss(y: Floats, p: Floats) -> Floats:
        scale = np.abs(y) + np.abs(p)
        share: Floats = np.divide(2 * np.abs(p - y), scale, out=np.zeros(len(y)), where=scale > 0)
        return share

    return mean_of(pairs, loss, bounds=(0.0, 2.0))


METRIC = Metric(
    name="smape",
    label="sMAPE",
    tasks=("regression",),
    needs=Pairs,
    compute=smape,
    better="lower",
    unit="score",
    meaning="A relative error between 0 and 2 that labels near zero cannot blow up; both zero counts as"
    " no error. Despite its name it treats too low and too high differently.",
    source="Makridakis (1993), the form in [0, 2]; interval: skew-corrected t (Hall 1992)",
    is_default=False,
    tolerance=(0.1, 0.2),
)
