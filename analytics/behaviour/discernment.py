"""Discernment: whether people tell right predictions from wrong ones."""

from __future__ import annotations

from analytics.behaviour.shares import share_of
from analytics.core import Estimate, Metric
from analytics.needs import Acts
from analytics.stats.difference import difference


def discernment(need: Acts, of: str | None = None) -> Estimate:
    """P(accepted | right) - P(accepted | wrong), with Newcombe's interval; 0 is blind trust or luck.

    >>> found = discernment(Acts(4, None, None, right=40, right_overridden=4, wrong=40, wrong_accepted=24))
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.3, 0.111, 0.465)
    """
    del of  # it has no classes
    right = share_of(
        need.right - need.right_overridden, need.right, "decisions about right predictions"
    )
    wrong = share_of(need.wrong_accepted, need.wrong, "decisions about wrong predictions")
    if right.value is None or wrong.value is None:
        n = need.right + need.wrong
        return Estimate.undefined(str(right.reason or wrong.reason), n)
    found = difference(right, wrong)
    n = need.right + need.wrong
    detail = {"accepted_right": right.value, "accepted_wrong": wrong.value}
    return Estimate(found.value, found.low, found.high, "Newcombe", n, found.se, detail=detail)


METRIC = Metric(
    name="discernment",
    label="Discernment",
    tasks=("binary", "multiclass"),
    needs=Acts,
    compute=discernment,
    better="higher",
    unit="share",
    meaning="How much more often people accept right predictions than wrong ones. At 0 they do not"
    " tell them apart, however much they accept.",
    source="sensitivity of adherence to correctness (arXiv 2304.08804); interval: Newcombe",
    tolerance=(0.05, 0.1),
)
