"""Whether a model's truth arrives by itself: then there is nothing to label, only to wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from analytics.errors import UsageError

if TYPE_CHECKING:
    from analytics.core import Dataset
    from analytics.query.engine import Engine

LEAST_LABELS = 30
MOST_ARRIVE = 0.8  # from this share of the rows that are old enough on, the truth arrives by itself


@dataclass(frozen=True, slots=True)
class Arrival:
    """How the truth of a model comes.

    ``share`` of the ``n`` rows old enough have a label that came by itself; half of the labels
    come within ``median_s`` seconds of the prediction, nine of ten within ``p90_s``.
    """

    is_automatic: bool
    n: int
    share: float | None
    median_s: float | None
    p90_s: float | None

    @property
    def sentence(self) -> str:
        """In plain words, for whoever looks for a label queue."""
        if not self.is_automatic or self.share is None or self.median_s is None:
            return "Labels do not arrive by themselves: somebody has to give them."
        return (
            "The truth arrives by itself: half of the labels within"
            f" {write_span(self.median_s)} of the prediction, nine of ten within"
            f" {write_span(self.p90_s or 0.0)}; {100 * self.share:.0f} % of the {self.n:,} rows"
            " that are old enough have one."
        )


def arrival(engine: Engine, dataset: Dataset, now: datetime) -> Arrival:
    """How the truth of the model comes, from what its labels did so far."""
    from analytics.core import Scope
    from analytics.query.groups import count_groups, label_delay

    delay = label_delay(engine, dataset, Scope())
    if delay is None or delay.n < LEAST_LABELS:
        return Arrival(False, 0, None, None, None)
    groups = count_groups(engine, dataset, Scope(), now=now, delay=delay)
    old = sum(group.n - group.n_young for group in groups)
    share = delay.n / old if old else None
    is_automatic = share is not None and share >= MOST_ARRIVE
    return Arrival(is_automatic, old, share, delay.median_s, delay.p90_s)


def check_wanted(engine: Engine, dataset: Dataset, now: datetime) -> None:
    """UsageError where labelling would only repeat what arrives by itself."""
    found = arrival(engine, dataset, now)
    if found.is_automatic:
        raise UsageError(
            f"{dataset.model} needs nobody to label it.",
            found.sentence,
            "Wait for it, or watch the labels arrive on the page Performance.",
        )


def write_span(seconds: float) -> str:
    """A span of time in words.

    >>> write_span(5), write_span(7200), write_span(200_000)
    ('5 s', '2 hours', '2.3 days')
    """
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 1.5 * size:
            return f"{round(seconds / size, 1):g} {name}"
    return f"{seconds:.0f} s"
