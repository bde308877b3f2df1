"""Under-reliance: how often people override a right prediction."""

from __future__ import annotations

from analytics.behaviour.shares import share_of
from analytics.core import Estimate, Metric
from analytics.needs import Acts


def under_reliance(need: Acts, of: str | None = None) -> Estimate:
    """P(overridden | the prediction is right), of what was accepted or overridden and whose truth is known.

    >>> under_reliance(Acts(4, None, None, right=40, right_overridden=4)).value
    0.1
    """
    del of  # it has no classes
    return share_of(need.right_overridden, need.right, "decisions about right predictions")


METRIC = Metric(
    name="under_reliance",
    label="Under-reliance",
    tasks=("binary", "multiclass"),
    needs=Acts,
    compute=under_reliance,
    better="lower",
    unit="share",
    meaning="Of the right predictions that people decided about, the share that they overrode.",
    source="appropriateness of reliance (arXiv 2302.02187); interval: Wilson",
    tolerance=(0.05, 0.1),
)
