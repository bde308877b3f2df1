"""Load against promise: the highest rate of requests at which a promise was still kept."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analytics.core import Estimate, Window
from analytics.serving.promise import Kept, within
from analytics.stats.intervals import poisson_ends

MIN_PERIODS = 10
FEW = f"fewer than {MIN_PERIODS} periods with enough requests"


@dataclass(frozen=True, slots=True)
class Pace:
    """One period: its requests a second, how many kept the promise, and how slow it was.

    ``outcome`` is "kept", "broken" where the whole interval misses the target, else "unsure".
    """

    window: Window
    seconds: float
    kept: Kept
    latency_ms: float | None
    share: Estimate
    outcome: Literal["kept", "broken", "unsure"]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.kept.n / self.seconds


@dataclass(frozen=True, slots=True)
class Capacity:
    """The busiest period that kept the promise, and how much more that is than usual.

    ``n_above`` periods were busier and broke it: without any the service was never seen at its
    limit, and both numbers say "at least".
    """

    highest: Estimate
    headroom: Estimate
    at: Pace | None
    usual: float | None
    n_above: int


def pace(
    window: Window, seconds: float, kept: Kept, latency_ms: float | None, target: float
) -> Pace:
    """A period with its share of kept promises; a period with few requests is unsure."""
    share = within(kept)
    outcome: Literal["kept", "broken", "unsure"] = "unsure"
    if share.value is not None and share.high is not None:
        if share.value >= target:
            outcome = "kept"
        elif share.high < target:
            outcome = "broken"
    return Pace(window, seconds, kept, latency_ms, share, outcome)


def capacity(paces: Sequence[Pace]) -> Capacity:
    """What the periods say together; undefined with few of them or where none kept the promise."""
    known = [p for p in paces if p.share.value is not None]
    n = sum(p.kept.n for p in known)
    if len(known) < MIN_PERIODS:
        none = Estimate.undefined(FEW, n)
        return Capacity(none, none, None, None, 0)
    usual = statistics.median(p.rate for p in known)
    inside = [p for p in known if p.outcome == "kept"]
    if not inside:
        none = Estimate.undefined("no period kept the promise", n)
        return Capacity(none, none, None, usual, sum(p.outcome == "broken" for p in known))
    best = max(inside, key=lambda p: p.rate)
    n_above = sum(p.outcome == "broken" and p.rate > best.rate for p in known)
    low, high = (end / best.seconds for end in poisson_ends(best.kept.n))
    reason = (
        None
        if n_above
        else "at least this: no busier period broke the promise; nothing to compare with"
    )
    highest = Estimate(best.rate, low, high, "Poisson", best.kept.n, reason=reason)
    headroom = Estimate(
        best.rate / usual - 1, low / usual - 1, high / usual - 1, "Poisson", n, reason=reason
    )
    return Capacity(highest, headroom, best, usual, n_above)
