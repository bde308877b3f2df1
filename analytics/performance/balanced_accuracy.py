"""Balanced accuracy: the mean recall over the classes that occur."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Confusion
from analytics.stats.ratios import RECALL, mean_of_shares


def balanced_accuracy(counts: Confusion, of: str | None = None) -> Estimate:
    """Mean recall over the classes with labelled rows, in [0, 1].

    >>> balanced_accuracy(Confusion.from_arrays(list("1000"), list("1100"))).value
    0.8333333333333333
    """
    if counts.counts.sum() <= 0:
        return Estimate.undefined("no labelled rows", counts.n)
    occurring = counts.counts.sum(axis=1) > 0
    if int(occurring.sum()) < 2:
        return Estimate.undefined("one class only", counts.n)
    return mean_of_shares(counts, RECALL, occurring, int(occurring.sum()))


METRIC = Metric(
    name="balanced_accuracy",
    label="Balanced accuracy",
    tasks=("binary", "multiclass"),
    needs=Confusion,
    compute=balanced_accuracy,
    better="higher",
    unit="share",
    meaning="The mean recall over classes, each counting the same. Unlike accuracy it does not"
    " move when only the mix of classes moves; a rare class makes it noisy.",
    source="scikit-learn balanced_accuracy_score; interval: Wilson's of each recall, square and"
    " add (Zou and Donner 2008)",
    is_default=False,
)
