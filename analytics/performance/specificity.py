"""Specificity: of the rows of other classes, the share not predicted as the class."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Confusion, Floats
from analytics.performance.classes import averaged, class_index
from analytics.stats.intervals import share_estimate

AVERAGES = ("macro", "micro", "weighted")


def of_class(cells: Floats, i: int) -> float:
    """The value for class number ``i``; NaN where it is not defined."""
    total = cells.sum() - cells[i, :].sum()
    return (
        float((cells.sum() - cells[i, :].sum() - cells[:, i].sum() + cells[i, i]) / total)
        if total > 0
        else float("nan")
    )


def specificity(counts: Confusion, of: str | None = None) -> Estimate:
    """Of the rows that are not of the class, the share that the model left alone; of one class or averaged; Wilson's interval for a class.

    >>> specificity(Confusion.from_arrays(["1", "0", "1", "0"], ["1", "1", "0", "0"], positive="1")).value
    0.5
    """
    if of == "micro":
        return _micro(counts)
    if of in AVERAGES:
        return averaged(counts, str(of), of_class)
    i = class_index(counts, of)
    if i is None:
        return Estimate.undefined("the class does not occur", counts.n)
    total = counts.counts.sum() - counts.counts[i, :].sum()
    if total <= 0:
        return Estimate.undefined("no labelled row of another class", counts.n)
    n = float(total) * counts.n_effective / float(counts.counts.sum())
    return share_estimate(of_class(counts.counts, i), n, counts.n)


def _micro(counts: Confusion) -> Estimate:
    """True negatives of every class, pooled, over all rows of other classes."""
    total, k = float(counts.counts.sum()), len(counts.classes)
    if total <= 0 or k < 2:
        return Estimate.undefined("one class only", counts.n)
    wrong = total - float(counts.counts.trace())
    value = 1 - wrong / (total * (k - 1))
    return share_estimate(value, counts.n_effective * (k - 1), counts.n, average="micro")


METRIC = Metric(
    name="specificity",
    label="Specificity",
    tasks=("binary", "multiclass"),
    needs=Confusion,
    compute=specificity,
    better="higher",
    unit="share",
    meaning="Of the rows that are not of the class, the share that the model left alone. It is high by itself when the class is rare.",
    source="recall of the other classes, scikit-learn recall_score; interval: Wilson (1927)",
    averages=AVERAGES,
    per_class=True,
    is_default=False,
)
