"""ROC AUC: the chance that a random positive is ranked above a random negative."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import ClassScores, Scores
from analytics.stats.intervals import delong, logit_estimate

AVERAGES = ("macro", "weighted")


def roc_auc(scores: Scores, of: str | None = None) -> Estimate:
    """Area under the ROC curve, ties counting half, with DeLong's interval on the logit scale.

    >>> roc_auc(Scores.from_arrays([False, False, True, True], [0.1, 0.4, 0.35, 0.8])).value
    0.75
    """
    if scores.positives.sum() <= 0 or scores.negatives.sum() <= 0:
        return Estimate.undefined("one class only", scores.n)
    auc, se = delong(scores)
    return logit_estimate(auc, se, scores.n, "DeLong, logit", n_invalid=scores.n_invalid)


def roc_auc_by_class(by_class: ClassScores, of: str | None = None) -> Estimate:
    """One class against the rest, or the mean over classes ("macro", or "weighted" by rows).

    The interval of a mean takes the classes' errors as fully correlated, which is cautious.
    """
    if of not in AVERAGES:
        if of not in by_class.by_class:
            return Estimate.undefined("no score was logged for this class", by_class.n)
        return roc_auc(by_class.by_class[str(of)])
    parts = [roc_auc(s) for s in by_class.by_class.values()]
    if not parts or any(p.value is None for p in parts):
        return Estimate.undefined("a class has no labelled rows", by_class.n)
    support = np.array([float(s.positives.sum()) for s in by_class.by_class.values()])
    weight = support / support.sum() if of == "weighted" else np.full(len(parts), 1 / len(parts))
    value = float(weight @ np.array([p.value for p in parts]))
    se = float(weight @ np.array([p.se or 0.0 for p in parts]))
    return logit_estimate(value, se, by_class.n, "DeLong, logit, cautious", average=of)


METRIC = Metric(
    name="roc_auc",
    label="ROC AUC",
    tasks=("binary",),
    needs=Scores,
    compute=roc_auc,
    better="higher",
    unit="score",
    meaning="The chance that a random positive gets a higher score than a random negative: how"
    " well the model ranks, whatever the threshold. It says nothing about calibration.",
    source="scikit-learn roc_auc_score; interval: DeLong, DeLong and Clarke-Pearson (1988)",
)

MULTICLASS = Metric(
    name="roc_auc",
    label="ROC AUC",
    tasks=("multiclass",),
    needs=ClassScores,
    compute=roc_auc_by_class,
    better="higher",
    unit="score",
    meaning="For each class, the chance that a random row of it gets a higher score than a random"
    " other row; one against the rest, averaged over classes.",
    source="scikit-learn roc_auc_score(multi_class='ovr'); interval: DeLong (1988)",
    averages=AVERAGES,
    per_class=True,
)
