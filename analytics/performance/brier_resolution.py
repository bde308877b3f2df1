"""Brier resolution: one of the three parts of the Brier score."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Scores
from analytics.stats.murphy import part


def compute(scores: Scores, of: str | None = None) -> Estimate:
    """The resolution over ten bins of equal mass, bias taken off, in [0, 1].

    >>> rows = Scores.from_arrays([True] * 60 + [False] * 40, [0.6] * 100)
    >>> round(compute(rows).value, 3)
    0.0
    """
    return part(scores, "resolution")


METRIC = Metric(
    name="brier_resolution",
    label="Brier resolution",
    tasks=("binary",),
    needs=Scores,
    compute=compute,
    better="higher",
    unit="score",
    meaning="How far the rates of the groups that the score makes stand apart: the part of the Brier score that only a better model can raise.",
    source="Murphy (1973); bias: Ferro and Fricker (2012); interval: influences of rows",
    is_default=False,
    tolerance=(0.01, 0.03),
)
