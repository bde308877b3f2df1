"""Engagement: how often people decide about what they are shown."""

from __future__ import annotations

from analytics.behaviour.shares import share_of
from analytics.core import Estimate, Metric
from analytics.needs import Acts


def engagement(need: Acts, of: str | None = None) -> Estimate:
    """decided / shown; a decision of any kind counts, opening the explanation does not.

    >>> engagement(Acts(4, None, None, shown=50, decided=40)).value
    0.8
    """
    del of  # it has no classes
    return share_of(need.decided, need.shown, "shown predictions")


METRIC = Metric(
    name="engagement",
    label="Engagement",
    tasks=("binary", "multiclass", "regression", "none"),
    needs=Acts,
    compute=engagement,
    better="higher",
    unit="share",
    meaning="Of the predictions that were shown to somebody, the share that somebody decided about: accepted, overridden or dismissed.",
    source="a funnel's step; interval: Wilson",
    tolerance=(0.05, 0.1),
)
