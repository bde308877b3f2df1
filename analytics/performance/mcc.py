"""Matthews correlation coefficient between label and prediction."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Confusion, Floats
from analytics.stats.intervals import Z95, delta_se


def _mcc(cells: Floats) -> float:
    total = float(cells.sum())
    true, pred = cells.sum(axis=1), cells.sum(axis=0)
    covariance = float(np.trace(cells)) * total - float(true @ pred)
    spread = (total**2 - float(true @ true)) * (total**2 - float(pred @ pred))
    return covariance / math.sqrt(spread) if spread > 0 else float("nan")


def mcc(counts: Confusion, of: str | None = None) -> Estimate:
    """Correlation of label and predicted class, in [-1, 1]; 0 is no better than chance.

    >>> mcc(Confusion.from_arrays(["1", "0", "1", "0"], ["1", "1", "0", "0"])).value
    0.0
    """
    if counts.counts.sum() <= 0:
        return Estimate.undefined("no labelled rows")
    value = _mcc(counts.counts)
    if math.isnan(value):
        return Estimate.undefined("one class only", counts.n)
    se = delta_se(counts, _mcc)
    if abs(value) >= 1:
        return Estimate(value, value, value, "delta, Fisher z", counts.n, se)
    centre, half = math.atanh(value), Z95 * se / (1 - value * value)
    ends = math.tanh(centre - half), math.tanh(centre + half)
    return Estimate(value, ends[0], ends[1], "delta, Fisher z", counts.n, se)


METRIC = Metric(
    name="mcc",
    label="MCC",
    tasks=("binary", "multiclass"),
    needs=Confusion,
    compute=mcc,
    better="higher",
    unit="score",
    meaning="The correlation between label and predicted class: 1 is perfect, 0 no better than"
    " chance, also when classes are very uneven.",
    source="scikit-learn matthews_corrcoef; interval: delta method on Fisher's z",
    is_default=False,
)
