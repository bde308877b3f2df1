"""Recall: of the rows of a class, the share that were predicted as it."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Confusion
from analytics.stats.ratios import AVERAGES, RECALL, averaged, of_class


def recall(counts: Confusion, of: str | None = None) -> Estimate:
    """Of the rows of the class, the share that the model found, in [0, 1].

    ``of`` is a class (None: the positive one) or an average. A class without labelled rows has no
    recall; in an average it counts 0 if it was predicted, as with scikit-learn's
    ``zero_division=0``, and is named in ``detail.counted_zero``.

    >>> recall(Confusion.from_arrays(list("1010"), list("1100"), positive="1")).value
    0.5
    """
    if of in AVERAGES:
        return averaged(counts, RECALL, str(of))
    return of_class(counts, RECALL, of, "no labelled row of the class")


METRIC = Metric(
    name="recall",
    label="Recall",
    tasks=("binary", "multiclass"),
    needs=Confusion,
    compute=recall,
    better="higher",
    unit="share",
    meaning="Of the rows of the class, the share that the model found. It says nothing about false"
    " alarms: calling every row the class gives 1.",
    source="scikit-learn recall_score; interval: Wilson (1927), of the macro average by square and"
    " add (Zou and Donner 2008), of the weighted one by the delta method",
    averages=AVERAGES,
    per_class=True,
)
