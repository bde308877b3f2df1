"""Acceptance: how often people take over what the model says."""

from __future__ import annotations

from analytics.behaviour.shares import share_of
from analytics.core import Estimate, Metric
from analytics.needs import Acts


def acceptance(need: Acts, of: str | None = None) -> Estimate:
    """accepted / (accepted + overridden); dismissed and undecided ones are no answer.

    >>> acceptance(Acts(4, None, None, accepted=60, overridden=20)).value
    0.75
    """
    del of  # it has no classes
    return share_of(need.accepted, need.accepted + need.overridden, "decisions")


METRIC = Metric(
    name="acceptance",
    label="Acceptance",
    tasks=("binary", "multiclass", "regression", "none"),
    needs=Acts,
    compute=acceptance,
    better="neither",
    unit="share",
    meaning="Of the predictions that people accepted or overrode, the share that they accepted. High acceptance is no success by itself: see how many of the wrong ones were accepted.",
    source="adherence (arXiv 2304.08804); interval: Wilson",
    tolerance=(0.05, 0.1),
)
