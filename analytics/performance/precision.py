"""Precision: of the rows predicted as a class, the share that are of it."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Confusion, Floats
from analytics.performance.classes import averaged, class_index
from analytics.stats.intervals import share_estimate

AVERAGES = ("macro", "micro", "weighted")


def of_class(cells: Floats, i: int) -> float:
    """The value for class number ``i``; NaN where it is not defined."""
    total = cells[:, i].sum()
    return float(cells[i, i] / total) if total > 0 else float("nan")


def precision(counts: Confusion, of: str | None = None) -> Estimate:
    """Of the rows predicted as the class, the share that truly are of it; of one class or averaged; Wilson's interval for a class.

    >>> precision(Confusion.from_arrays(["1", "0", "1", "0"], ["1", "1", "0", "0"], positive="1")).value
    0.5
    """
    if of in AVERAGES:
        return averaged(counts, str(of), of_class)
    i = class_index(counts, of)
    if i is None:
        return Estimate.undefined("the class does not occur", counts.n)
    total = counts.counts[:, i].sum()
    if total <= 0:
        return Estimate.undefined("the class was never predicted", counts.n)
    n = float(total) * counts.n_effective / float(counts.counts.sum())
    return share_estimate(of_class(counts.counts, i), n, counts.n)


METRIC = Metric(
    name="precision",
    label="Precision",
    tasks=("binary", "multiclass"),
    needs=Confusion,
    compute=precision,
    better="higher",
    unit="share",
    meaning="Of the rows predicted as the class, the share that truly are of it. It falls when the class becomes rarer, also for an unchanged model.",
    source="scikit-learn precision_score; interval: Wilson (1927)",
    averages=AVERAGES,
    per_class=True,
)
