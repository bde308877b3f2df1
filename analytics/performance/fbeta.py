"""F2: the F score that counts recall twice as much as precision."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Confusion, Floats
from analytics.stats.intervals import logit_estimate
from analytics.stats.ratios import AVERAGES, averaged, class_index, delta_se, f_ratio

BETA = 2.0


def fbeta(counts: Confusion, of: str | None = None, beta: float = BETA) -> Estimate:
    """(1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP) of one class or averaged, in [0, 1].

    ``beta`` says how many times more recall counts than precision; the catalog's is 2.

    >>> found = fbeta(Confusion.from_arrays(list("1110"), list("1001"), positive="1"))
    >>> round(found.value, 4)
    0.3571
    """
    ratio = f_ratio(beta)
    if of in AVERAGES:
        return averaged(counts, ratio, str(of))
    if counts.counts.sum() <= 0:
        return Estimate.undefined("no labelled rows", counts.n)
    i = class_index(counts, of)
    value, under = ratio.parts(counts.counts)
    if i is None or under[i] <= 0:
        return Estimate.undefined("the class neither occurs nor is predicted", counts.n)
    weight = [float(j == i) for j in range(len(counts.classes))]
    se = delta_se(counts, ratio.gradient(counts.counts, _row(weight)))
    size = float(under[i]) / (1 + beta**2) * counts.n_effective / float(counts.counts.sum())
    return logit_estimate(float(value[i]), se, counts.n, "delta, logit", size=size, beta=beta)


def _row(weight: list[float]) -> Floats:
    return np.array(weight)


METRIC = Metric(
    name="fbeta",
    label="F2",
    tasks=("binary", "multiclass"),
    needs=Confusion,
    compute=fbeta,
    better="higher",
    unit="share",
    meaning="The harmonic mean of precision and recall with recall counted twice as much: for when a"
    " miss costs more than a false alarm. It ignores true negatives.",
    source="scikit-learn fbeta_score(beta=2); interval: delta method on the logit scale (Takahashi et"
    " al. 2022)",
    averages=AVERAGES,
    per_class=True,
    is_default=False,
)
