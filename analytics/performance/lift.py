"""Lift: how many times more positives the top tenth holds than a random tenth."""

from __future__ import annotations

from dataclasses import replace

from analytics.core import Estimate, Metric
from analytics.needs import Scores
from analytics.stats.top_share import gain_at

TOP = 0.1


def lift(scores: Scores, of: str | None = None) -> Estimate:
    """Rate of positives in the top tenth by score over the rate of all, from 0 to 10.

    >>> rows = Scores.from_arrays([True, False] * 5 + [False] * 10, [i / 20 for i in range(20)][::-1])
    >>> lift(rows).value
    2.0
    """
    found = gain_at(scores, TOP)
    if found.value is None or found.low is None or found.high is None:
        return found
    value, low, high = (x / TOP for x in (found.value, found.low, found.high))
    return replace(found, value=value, low=low, high=high, se=(found.se or 0.0) / TOP)


METRIC = Metric(
    name="lift",
    label="Lift in the top tenth",
    tasks=("binary",),
    needs=Scores,
    compute=lift,
    better="higher",
    unit="label",
    meaning="How many times more positives are found in the tenth with the highest scores than in a"
    " random tenth. It cannot exceed one over the base rate, so common outcomes have small lifts.",
    source="cumulative gains over the share looked at; interval: influences of rows on the logit scale",
    is_default=False,
    tolerance=(0.1, 0.25),
)
