"""Over-reliance: how often people accept a wrong prediction."""

from __future__ import annotations

from analytics.behaviour.shares import share_of
from analytics.core import Estimate, Metric
from analytics.needs import Acts


def over_reliance(need: Acts, of: str | None = None) -> Estimate:
    """P(accepted | the prediction is wrong), of what was accepted or overridden and whose truth is known.

    >>> over_reliance(Acts(4, None, None, wrong=40, wrong_accepted=24)).value
    0.6
    """
    del of  # it has no classes
    return share_of(need.wrong_accepted, need.wrong, "decisions about wrong predictions")


METRIC = Metric(
    name="over_reliance",
    label="Over-reliance",
    tasks=("binary", "multiclass"),
    needs=Acts,
    compute=over_reliance,
    better="lower",
    unit="share",
    meaning="Of the wrong predictions that people decided about, the share that they accepted.",
    source="appropriateness of reliance (arXiv 2302.02187); interval: Wilson",
    tolerance=(0.05, 0.1),
)
