"""How often each annotator is right on items whose label is known."""

from __future__ import annotations

from collections.abc import Mapping

from analytics.agreement.ratings import Ratings
from analytics.core import Estimate
from analytics.stats.intervals import share_estimate


def gold_accuracy(ratings: Ratings, gold: Mapping[str, str]) -> dict[str, Estimate]:
    """The share of each annotator's answers on ``gold`` items (item to class) that are right.

    Wilson's interval; undefined where an annotator answered none of them.

    >>> found = gold_accuracy(Ratings.from_rows([("1", "ann", "x"), ("2", "ann", "y")]), {"1": "x", "2": "x"})
    >>> found["ann"].value, found["ann"].n
    (0.5, 2)
    """
    right = dict.fromkeys(ratings.annotators, 0)
    asked = dict.fromkeys(ratings.annotators, 0)
    codes = zip(
        ratings.item.tolist(), ratings.annotator.tolist(), ratings.value.tolist(), strict=True
    )
    for item, annotator, value in codes:
        truth = gold.get(ratings.items[item])
        if truth is not None:
            name = ratings.annotators[annotator]
            asked[name] += 1
            right[name] += ratings.classes[value] == truth
    return {
        name: share_estimate(right[name] / n, n, n)
        if n
        else Estimate.undefined("answered no item whose label is known")
        for name, n in asked.items()
    }
