"""F1: the harmonic mean of precision and recall of a class."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Confusion, Floats
from analytics.performance.classes import averaged, class_index
from analytics.stats.intervals import delta_se, logit_estimate

AVERAGES = ("macro", "micro", "weighted")


def of_class(cells: Floats, i: int) -> float:
    """2 TP / (2 TP + FP + FN) of class number ``i``; NaN where it neither occurs nor is predicted."""
    total = cells[i, :].sum() + cells[:, i].sum()
    return float(2 * cells[i, i] / total) if total > 0 else float("nan")


def f1(counts: Confusion, of: str | None = None) -> Estimate:
    """Harmonic mean of precision and recall, of one class or averaged; delta method on the logit.

    >>> f1(Confusion.from_arrays(["1", "0", "1", "0"], ["1", "1", "0", "0"], positive="1")).value
    0.5
    """
    if of in AVERAGES:
        return averaged(counts, str(of), of_class)
    i = class_index(counts, of)
    if i is None or counts.counts[i, :].sum() + counts.counts[:, i].sum() <= 0:
        return Estimate.undefined("the class neither occurs nor is predicted", counts.n)
    at = i
    se = delta_se(counts, lambda cells: of_class(cells, at))
    return logit_estimate(of_class(counts.counts, i), se, counts.n, "delta, logit")


METRIC = Metric(
    name="f1",
    label="F1",
    tasks=("binary", "multiclass"),
    needs=Confusion,
    compute=f1,
    better="higher",
    unit="share",
    meaning="The harmonic mean of precision and recall. It ignores true negatives and depends on"
    " how common the class is.",
    source="scikit-learn f1_score; interval: delta method on the logit scale",
    averages=AVERAGES,
    per_class=True,
)
