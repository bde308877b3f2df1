"""RAIR: how often the model mends a wrong first answer."""

from __future__ import annotations

from analytics.behaviour.shares import share_of
from analytics.core import Estimate, Metric
from analytics.needs import Acts


def relative_ai_reliance(need: Acts, of: str | None = None) -> Estimate:
    """(person first wrong, model right, right in the end) / (person first wrong, model right).

    >>> relative_ai_reliance(Acts(4, None, None, first_wrong=50, first_wrong_mended=30)).value
    0.6
    """
    del of  # it has no classes
    return share_of(
        need.first_wrong_mended, need.first_wrong, "wrong first answers beside a right prediction"
    )


METRIC = Metric(
    name="relative_ai_reliance",
    label="Mended by the model (RAIR)",
    tasks=("binary", "multiclass"),
    needs=Acts,
    compute=relative_ai_reliance,
    better="higher",
    unit="share",
    meaning="Of the first answers that were wrong while the model was right, the share that was right in the end. It needs the answer that people gave before they saw the prediction.",
    source="relative AI reliance (arXiv 2302.02187); interval: Wilson",
    tolerance=(0.05, 0.1),
)
