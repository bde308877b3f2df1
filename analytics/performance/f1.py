"""F1: the harmonic mean of precision and recall of a class."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Confusion
from analytics.stats.ratios import AVERAGES, F1, JACCARD, averaged, class_index, of_class


def f1(counts: Confusion, of: str | None = None) -> Estimate:
    """2 TP / (2 TP + FP + FN) of one class or averaged, in [0, 1].

    F1 is 2 J / (1 + J) of the Jaccard index J = TP / (TP + FP + FN), a plain share of the rows
    that are of the class or were predicted as it: Wilson's ends for J, mapped, bound F1. Averages
    use the delta method on the logit scale; a class that occurs and has no hit counts 0.

    >>> f1(Confusion.from_arrays(list("1010"), list("1100"), positive="1")).value
    0.5
    """
    if of in AVERAGES:
        return averaged(counts, F1, str(of))
    share = of_class(counts, JACCARD, of, "the class neither occurs nor is predicted")
    i = class_index(counts, of)
    if share.value is None or share.low is None or share.high is None or i is None:
        return share
    value = float(F1.parts(counts.counts)[0][i])
    low, high = (2 * end / (1 + end) for end in (share.low, share.high))
    se = 2 / (1 + share.value) ** 2 * (share.se or 0.0)
    return Estimate(value, min(low, value), max(high, value), "Wilson, mapped", counts.n, se)


METRIC = Metric(
    name="f1",
    label="F1",
    tasks=("binary", "multiclass"),
    needs=Confusion,
    compute=f1,
    better="higher",
    unit="share",
    meaning="The harmonic mean of precision and recall. It ignores true negatives and depends on"
    " how common the class is, so it cannot be compared between populations.",
    source="scikit-learn f1_score; interval: Wilson on the Jaccard index (Lam 2023), of averages by"
    " the delta method on the logit scale (Takahashi et al. 2022)",
    averages=AVERAGES,
    per_class=True,
)
