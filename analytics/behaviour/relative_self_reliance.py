"""RSR: how often people keep a right first answer against a wrong model."""

from __future__ import annotations

from analytics.behaviour.shares import share_of
from analytics.core import Estimate, Metric
from analytics.needs import Acts


def relative_self_reliance(need: Acts, of: str | None = None) -> Estimate:
    """(person first right, model wrong, right in the end) / (person first right, model wrong).

    >>> relative_self_reliance(Acts(4, None, None, first_right=50, first_right_kept=20)).value
    0.4
    """
    del of  # it has no classes
    return share_of(
        need.first_right_kept, need.first_right, "right first answers beside a wrong prediction"
    )


METRIC = Metric(
    name="relative_self_reliance",
    label="Kept against the model (RSR)",
    tasks=("binary", "multiclass"),
    needs=Acts,
    compute=relative_self_reliance,
    better="higher",
    unit="share",
    meaning="Of the first answers that were right while the model was wrong, the share that people kept. It needs the answer that people gave before they saw the prediction.",
    source="relative self-reliance (arXiv 2302.02187); interval: Wilson",
    tolerance=(0.05, 0.1),
)
