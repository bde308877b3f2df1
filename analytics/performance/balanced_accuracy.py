"""Balanced accuracy: the mean recall over the classes that occur."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Confusion, Floats
from analytics.stats.intervals import delta_se, logit_estimate


def _mean_recall(cells: Floats) -> float:
    support = cells.sum(axis=1)
    present = support > 0
    return float(np.mean(np.diag(cells)[present] / support[present]))


def balanced_accuracy(counts: Confusion, of: str | None = None) -> Estimate:
    """Mean recall over the classes with labelled rows, in [0, 1].

    >>> balanced_accuracy(Confusion.from_arrays(["1", "0", "0", "0"], ["1", "1", "0", "0"])).value
    0.8333333333333333
    """
    if counts.counts.sum() <= 0:
        return Estimate.undefined("no labelled rows")
    if int((counts.counts.sum(axis=1) > 0).sum()) < 2:
        return Estimate.undefined("one class only", counts.n)
    se = delta_se(counts, _mean_recall)
    return logit_estimate(_mean_recall(counts.counts), se, counts.n, "delta, logit")


METRIC = Metric(
    name="balanced_accuracy",
    label="Balanced accuracy",
    tasks=("binary", "multiclass"),
    needs=Confusion,
    compute=balanced_accuracy,
    better="higher",
    unit="share",
    meaning="The mean recall over classes, each counting the same. Unlike accuracy it does not"
    " move when only the mix of classes moves.",
    source="scikit-learn balanced_accuracy_score; interval: delta method on the logit scale",
    is_default=False,
)
