"""Average precision: precision averaged over the recall gained at each score."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import ClassScores, Scores
from analytics.stats.intervals import logit_estimate
from analytics.stats.ranking import effective, over_classes, precision_over_recall

AVERAGES = ("macro", "weighted")


def average_precision(scores: Scores, of: str | None = None) -> Estimate:
    """Sum of precision times the gain in recall from the highest score down; ties as one step.

    The interval is the infinitesimal jackknife's on the logit scale; where every positive stands
    above every negative, Wilson's over the positives.

    >>> average_precision(Scores.from_arrays([False, False, True, True], [0.1, 0.4, 0.35, 0.8])).value
    0.8333333333333333
    """
    if scores.positives.sum() + scores.negatives.sum() <= 0:
        return Estimate.undefined("no labelled rows", scores.n)
    if scores.positives.sum() <= 0:
        return Estimate.undefined("no positive labels", scores.n)
    if scores.negatives.sum() <= 0:
        return Estimate.undefined("one class only", scores.n)
    value, se = precision_over_recall(scores)
    size, method = effective(scores)[0], "jackknife, logit"
    return logit_estimate(value, se, scores.n, method, size=size, n_invalid=scores.n_invalid)


def average_precision_by_class(by_class: ClassScores, of: str | None = None) -> Estimate:
    """One class against the rest, or the mean over classes ("macro", or "weighted" by rows).

    >>> scores = Scores.from_arrays([False, True, True], [0.1, 0.3, 0.2])
    >>> average_precision_by_class(ClassScores({"a": scores, "b": scores}, 3), "macro").value
    1.0
    """
    if of in AVERAGES:
        return over_classes(by_class, str(of), average_precision, "jackknife, logit, cautious")
    if of not in by_class.by_class:
        return Estimate.undefined("no score was logged for this class", by_class.n)
    return average_precision(by_class.by_class[str(of)])


METRIC = Metric(
    name="average_precision",
    label="Average precision",
    tasks=("binary",),
    needs=Scores,
    compute=average_precision,
    better="higher",
    unit="score",
    meaning="Precision averaged over all thresholds that raise recall: how clean the top of the"
    " ranking is. A useless model scores the share of positives, so it moves when that moves.",
    source="scikit-learn average_precision_score; interval: infinitesimal jackknife (Efron 1982)"
    " on the logit scale (Boyd, Eng and Page 2013)",
    is_default=False,
)

MULTICLASS = Metric(
    name="average_precision",
    label="Average precision",
    tasks=("multiclass",),
    needs=ClassScores,
    compute=average_precision_by_class,
    better="higher",
    unit="score",
    meaning="For each class, precision averaged over all thresholds on its score that raise recall,"
    " one against the rest, averaged over classes. A useless model scores the share of the class."
    " The interval of an average is wider than it need be; that of a class with fewer than 50 rows is"
    " approximate.",
    source="scikit-learn average_precision_score; interval: infinitesimal jackknife (Efron 1982)",
    averages=AVERAGES,
    per_class=True,
    is_default=False,
)
