"""Precision: of the rows predicted as a class, the share that are of it."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Confusion
from analytics.stats.ratios import AVERAGES, PRECISION, averaged, of_class


def precision(counts: Confusion, of: str | None = None) -> Estimate:
    """Of the rows predicted as the class, the share that truly are of it, in [0, 1].

    ``of`` is a class (None: the positive one) or an average. A class that was never predicted has
    no precision; in an average it counts 0, as with scikit-learn's ``zero_division=0``, and is
    named in ``detail.counted_zero``.

    >>> precision(Confusion.from_arrays(list("1010"), list("1100"), positive="1")).value
    0.5
    """
    if of in AVERAGES:
        return averaged(counts, PRECISION, str(of))
    return of_class(counts, PRECISION, of, "the class was never predicted")


METRIC = Metric(
    name="precision",
    label="Precision",
    tasks=("binary", "multiclass"),
    needs=Confusion,
    compute=precision,
    better="higher",
    unit="share",
    meaning="Of the rows predicted as the class, the share that truly are of it. It falls when the"
    " class becomes rarer, also for an unchanged model, and says nothing about the rows missed.",
    source="scikit-learn precision_score; interval: Wilson (1927), of the macro average by square"
    " and add (Zou and Donner 2008), of the weighted one by the delta method",
    averages=AVERAGES,
    per_class=True,
)
