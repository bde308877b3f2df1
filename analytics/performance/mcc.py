"""Matthews correlation coefficient between label and prediction."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Confusion, Floats
from analytics.stats.intervals import Z95, wilson
from analytics.stats.ratios import delta_se


def mcc(counts: Confusion, of: str | None = None) -> Estimate:
    """Correlation of label and predicted class, in [-1, 1]; 0 is no better than chance.

    The interval is the delta method's on Fisher's z. Where all rows are right (or, of two classes,
    wrong) it ends where Wilson's bound for the errors not seen, made at random, would put it.

    >>> mcc(Confusion.from_arrays(list("1010"), list("1100"))).value
    0.0
    """
    if counts.counts.sum() <= 0:
        return Estimate.undefined("no labelled rows", counts.n)
    cells = counts.counts / counts.counts.sum()
    true, pred = cells.sum(axis=1), cells.sum(axis=0)
    of_true, of_pred = 1 - float(true @ true), 1 - float(pred @ pred)
    if of_true <= 1e-12 or of_pred <= 1e-12:
        whose = "all labels are" if of_true <= 1e-12 else "all predictions are"
        return Estimate.undefined(f"one class only: {whose} the same", counts.n)
    value = (float(np.trace(cells)) - float(true @ pred)) / math.sqrt(of_true * of_pred)
    value = min(max(value, -1.0), 1.0)
    se = delta_se(counts, _gradient(cells, value) / counts.counts.sum())
    if 1 - abs(value) < 1e-12 or se <= 1e-12:
        reach = min(wilson(0.0, counts.n_effective)[1] / of_true, 2.0)
        low, high = max(value - reach, -1.0), min(value + reach, 1.0)
        return Estimate(value, low, high, "Wilson, mapped", counts.n, reach / Z95)
    centre, half = math.atanh(value), Z95 * se / (1 - value * value)
    low, high = math.tanh(centre - half), math.tanh(centre + half)
    low, high = min(low, value), max(high, value)
    return Estimate(value, low, high, "delta, Fisher z", counts.n, se)


def _gradient(cells: Floats, value: float) -> Floats:
    """Derivative by each cell of a table whose cells sum to one."""
    true, pred = cells.sum(axis=1), cells.sum(axis=0)
    of_true, of_pred = 1 - float(true @ true), 1 - float(pred @ pred)
    shared = np.eye(len(true)) + np.trace(cells) - pred[:, None] - true[None, :]
    scale = (1 - true[:, None]) / of_true + (1 - pred[None, :]) / of_pred
    found: Floats = shared / math.sqrt(of_true * of_pred) - value * scale
    return found


METRIC = Metric(
    name="mcc",
    label="MCC",
    tasks=("binary", "multiclass"),
    needs=Confusion,
    compute=mcc,
    better="higher",
    unit="score",
    meaning="The correlation between label and predicted class: 1 is perfect, 0 no better than"
    " chance, also when classes are very uneven. It does not say which errors are made.",
    source="scikit-learn matthews_corrcoef; interval: delta method on Fisher's z",
    is_default=False,
)
