"""The questions that a monitor may ask: which numbers each gives, and what an alert of it means.

``loss``: the model, its service or its people fare worse; ``fault``: something that others rest on
is wrong; ``moved``: something is other than it was, which need not harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Asks = Literal[
    "performance", "estimate", "drift", "quality", "volume", "freshness", "label_coverage",
    "latency", "errors", "serving", "resources", "feedback", "behaviour", "slice", "fairness",
]  # fmt: skip
Means = Literal["loss", "fault", "moved"]


@dataclass(frozen=True, slots=True)
class Kind:
    """``asks`` is the question of the house; ``names`` its numbers where not all of them count.

    ``rank`` orders causes before consequences. ``is_compared`` says that a reference can be asked
    for, ``needs_reference`` that a change is one against it; ``is_dated`` that there are periods.
    """

    asks: str
    means: Means
    rank: int
    names: tuple[str, ...] = ()
    is_compared: bool = True
    needs_reference: bool = False
    is_dated: bool = True
    counts_labels: bool = False


KINDS: Mapping[Asks, Kind] = {
    "performance": Kind("performance", "loss", 5, needs_reference=True, counts_labels=True),
    "estimate": Kind("estimate", "loss", 4, needs_reference=True),
    "drift": Kind("drift", "moved", 2, needs_reference=True),
    "quality": Kind("quality", "fault", 1, needs_reference=True),
    "volume": Kind("quality", "fault", 0, ("volume",)),
    "freshness": Kind("quality", "fault", 0, ("freshness",), is_dated=False),
    "label_coverage": Kind("quality", "fault", 1, ("label_coverage",)),
    "latency": Kind(
        "serving", "loss", 3, ("latency_p50", "latency_p90", "latency_p95", "latency_p99")
    ),
    "errors": Kind("serving", "loss", 3, ("error_rate",)),
    "serving": Kind("serving", "loss", 3),
    "resources": Kind("serving", "fault", 0, is_compared=False),
    "feedback": Kind("feedback", "loss", 6),
    "behaviour": Kind("behaviour", "loss", 6),
    "slice": Kind("performance", "loss", 5, needs_reference=True, counts_labels=True),
    "fairness": Kind("fairness", "loss", 5, is_compared=False),
}
METRICS: tuple[Asks, ...] = ("performance", "slice", "estimate")  # losses that say how much
