"""What a model promises about its answers: how many must come within how many milliseconds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from analytics.core import Estimate, Verdict
from analytics.errors import UsageError
from analytics.stats.intervals import share_estimate, wilson

MIN_REQUESTS = 30
FEW = f"fewer than {MIN_REQUESTS} requests"


@dataclass(frozen=True, slots=True)
class Promise:
    """``target`` of all requests are answered, without an error, within ``threshold_ms``."""

    threshold_ms: float
    target: float


@dataclass(frozen=True, slots=True)
class Kept:
    """Requests of one group: all whose outcome is known, and how they came out.

    ``n_fast`` were answered within the threshold, ``n_slow`` after it but within four times as
    long, ``n_failed`` with an error. ``n_unknown`` more were answered after an unknown time.
    """

    n: int
    n_fast: int
    n_slow: int
    n_failed: int
    n_unknown: int = 0

    @property
    def n_broken(self) -> int:
        """Requests that broke the promise."""
        return self.n - self.n_fast


def check_promise(threshold_ms: float, target: float) -> Promise:
    """The promise; UsageError where its numbers make none."""
    if not (math.isfinite(threshold_ms) and threshold_ms > 0):
        raise UsageError(
            f"{threshold_ms:g} ms is no threshold.",
            "A promise says within how many milliseconds an answer comes.",
            "Give a number above 0.",
        )
    if not 0 < target < 1:
        raise UsageError(
            f"{target:g} is no target.",
            "A target is the share of requests that keep the promise; of 1 no error is left to spend.",
            "Give a share between 0 and 1, such as 0.99.",
        )
    return Promise(float(threshold_ms), float(target))


def within(kept: Kept) -> Estimate:
    """The share of requests that kept the promise.

    >>> within(Kept(200, 190, 6, 4)).value
    0.95
    """
    if kept.n < MIN_REQUESTS:
        return Estimate.undefined(FEW, kept.n)
    return share_estimate(kept.n_fast / kept.n, kept.n, kept.n, n_broken=kept.n_broken)


def budget_left(kept: Kept, target: float, n_all: int | None = None) -> Estimate:
    """The share of the error budget that is left; below 0 more was broken than the target allows.

    The budget are the requests of ``n_all`` (else of these) that may break the promise. Ends follow
    from Wilson's of the share that broke it.

    >>> budget_left(Kept(1000, 996, 4, 0), 0.99).value
    0.6
    """
    if kept.n < MIN_REQUESTS:
        return Estimate.undefined(FEW, kept.n)
    allowed = (1 - target) * (n_all or kept.n)
    low, high = wilson(kept.n_broken / kept.n, kept.n)
    left, least, most = (
        round(1 - share * kept.n / allowed, 12) for share in (kept.n_broken / kept.n, high, low)
    )
    return Estimate(
        left,
        least,
        most,
        "Wilson",
        kept.n,
        detail={"n_allowed": allowed, "n_broken": kept.n_broken},
    )


def apdex(kept: Kept) -> Estimate:
    """Apdex: answered within the threshold counts 1, within four times as long one half, else 0.

    The interval is Wilson's of a share of the same size: no mean of numbers between 0 and 1 varies
    more than a share, so it is on the wide side.

    >>> apdex(Kept(100, 60, 30, 2)).value
    0.75
    """
    if kept.n < MIN_REQUESTS:
        return Estimate.undefined(FEW, kept.n)
    value = (kept.n_fast + kept.n_slow / 2) / kept.n
    low, high = wilson(value, kept.n)
    return Estimate(value, low, high, "Wilson, on the wide side", kept.n)


def verdict_of(share: Estimate, target: float) -> Verdict:
    """critical: the whole interval misses the target; warning: the share does, perhaps by chance."""
    if share.value is None or share.high is None:
        return "undefined"
    if share.value >= target:
        return "ok"
    return "critical" if share.high < target else "warning"
