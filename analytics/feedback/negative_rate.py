"""The share of what was judged that was judged badly."""

from __future__ import annotations

from collections.abc import Iterable

from analytics.core import Estimate
from analytics.feedback.negative import is_negative
from analytics.stats.intervals import wilson

MIN_RATED = 30
Judged = tuple[float | None, bool, int]  # score, whether there is a correction, items


def negative_rate(judged: Iterable[Judged], min_rated: int = MIN_RATED) -> Estimate:
    """Negative items by items that judge at all, with Wilson's interval.

    Comments alone judge nothing and are counted in ``detail.n_items`` only. Users choose what they
    judge: this is the share of what was said, not of what was predicted. Below ``min_rated``
    judgements there is no value.

    >>> found = negative_rate([(0.0, False, 12), (1.0, False, 28), (None, False, 5)])
    >>> round(found.value, 2), found.n, found.detail["n_items"]
    (0.3, 40, 45)
    """
    n_items = n_rated = n_negative = 0
    for score, has_correction, n in judged:
        said = is_negative(score, has_correction)
        n_items += n
        n_rated += n if said is not None else 0
        n_negative += n if said else 0
    detail = {"n_items": n_items, "n_rated": n_rated, "n_negative": n_negative}
    if n_rated < max(min_rated, 1):
        reason = f"only {n_rated} judgements; {max(min_rated, 1)} are needed"
        return Estimate(None, n=n_rated, reason=reason, detail=detail)
    share = n_negative / n_rated
    low, high = wilson(share, n_rated)
    return Estimate(share, low, high, "Wilson", n_rated, detail=detail)
