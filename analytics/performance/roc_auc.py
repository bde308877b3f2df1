"""ROC AUC: the chance that a random positive is ranked above a random negative."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import ClassScores, Scores
from analytics.stats.intervals import logit_estimate
from analytics.stats.ranking import delong, effective, over_classes

AVERAGES = ("macro", "weighted")


def roc_auc(scores: Scores, of: str | None = None) -> Estimate:
    """Area under the ROC curve, in [0, 1], ties counting half; O(distinct scores).

    The interval is DeLong's on the logit scale; where no pair is out of order, or all are tied,
    Wilson's over the rows of the smaller class.

    >>> roc_auc(Scores.from_arrays([False, False, True, True], [0.1, 0.4, 0.35, 0.8])).value
    0.75
    """
    if scores.positives.sum() + scores.negatives.sum() <= 0:
        return Estimate.undefined("no labelled rows", scores.n)
    if scores.positives.sum() <= 0 or scores.negatives.sum() <= 0:
        return Estimate.undefined("one class only", scores.n)
    auc, se = delong(scores)
    size, n_invalid = min(effective(scores)), scores.n_invalid
    return logit_estimate(auc, se, scores.n, "DeLong, logit", size=size, n_invalid=n_invalid)


def roc_auc_by_class(by_class: ClassScores, of: str | None = None) -> Estimate:
    """One class against the rest, or the mean over classes ("macro", or "weighted" by rows).

    The interval of a mean takes the classes' errors as fully correlated, which is cautious: which
    row has which scores of all classes at once is not in the counts.

    >>> scores = Scores.from_arrays([False, True, True], [0.1, 0.3, 0.2])
    >>> roc_auc_by_class(ClassScores({"a": scores, "b": scores}, 3), "macro").value
    1.0
    """
    if of not in AVERAGES:
        if of not in by_class.by_class:
            return Estimate.undefined("no score was logged for this class", by_class.n)
        return roc_auc(by_class.by_class[str(of)])
    return over_classes(by_class, str(of), roc_auc, "DeLong, logit, cautious")


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
    " other row; one against the rest, averaged over classes. It says nothing about calibration."
    " The interval of an average is wider than it need be; that of a class with fewer than 50 rows is"
    " approximate.",
    source="scikit-learn roc_auc_score(multi_class='ovr'); interval: DeLong (1988)",
    averages=AVERAGES,
    per_class=True,
)
