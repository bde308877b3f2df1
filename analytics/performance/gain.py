"""Gain: the share of all positives that the tenth with the highest scores holds."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Scores
from analytics.stats.top_share import gain_at

TOP = 0.1


def gain(scores: Scores, of: str | None = None) -> Estimate:
    """Share of the positives in the top tenth by score, in [0, 1]; ties at the cut count in part.

    >>> rows = Scores.from_arrays([True, False] * 5 + [False] * 10, [i / 20 for i in range(20)][::-1])
    >>> gain(rows).value
    0.2
    """
    return gain_at(scores, TOP)


METRIC = Metric(
    name="gain",
    label="Gain in the top tenth",
    tasks=("binary",),
    needs=Scores,
    compute=gain,
    better="higher",
    unit="share",
    meaning="The share of all positives found by looking only at the tenth of rows with the highest"
    " scores. A random order finds a tenth; it says nothing of the other nine tenths.",
    source="cumulative gains; interval: influences of rows on the logit scale",
    is_default=False,
)
