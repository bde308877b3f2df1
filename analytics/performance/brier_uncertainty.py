"""Brier uncertainty: one of the three parts of the Brier score."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Scores
from analytics.stats.murphy import part


def compute(scores: Scores, of: str | None = None) -> Estimate:
    """The uncertainty over ten bins of equal mass, bias taken off, in [0, 1].

    >>> rows = Scores.from_arrays([True] * 60 + [False] * 40, [0.6] * 100)
    >>> round(compute(rows).value, 3)
    0.242
    """
    return part(scores, "uncertainty")


METRIC = Metric(
    name="brier_uncertainty",
    label="Brier uncertainty",
    tasks=("binary",),
    needs=Scores,
    compute=compute,
    better="neither",
    unit="score",
    meaning="How uncertain the outcome is by itself, p (1 - p): the Brier score of always saying the base rate. It belongs to the world, not to the model. Where the base rate is one half its interval is approximate.",
    source="Murphy (1973); bias: Ferro and Fricker (2012); interval: influences of rows",
    is_default=False,
    tolerance=(0.01, 0.03),
)
