"""Brier reliability: one of the three parts of the Brier score."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Scores
from analytics.stats.murphy import part


def compute(scores: Scores, of: str | None = None) -> Estimate:
    """The reliability over ten bins of equal mass, bias taken off, in [0, 1].

    >>> rows = Scores.from_arrays([True] * 60 + [False] * 40, [0.6] * 100)
    >>> round(compute(rows).value, 3)
    0.0
    """
    return part(scores, "reliability")


METRIC = Metric(
    name="brier_reliability",
    label="Brier reliability",
    tasks=("binary",),
    needs=Scores,
    compute=compute,
    better="lower",
    unit="score",
    meaning="How far probabilities stand from observed rates, squared: the part of the Brier score that recalibration can remove. It says nothing of ranking. Below about 2,000 rows its interval is wider than it need be.",
    source="Murphy (1973); bias: Ferro and Fricker (2012); interval: influences of rows",
    is_default=False,
    tolerance=(0.005, 0.02),
)
