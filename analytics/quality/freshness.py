"""Freshness: how long ago the last event was, beside the gaps that are usual."""

from __future__ import annotations

import math

from analytics.core import Estimate, QualityCheck
from analytics.needs import LogCounts


def compute(counts: LogCounts) -> Estimate:
    """Seconds since the last event; the effect is the age in usual gaps (99th percentiles), less 1.

    The p-value takes gaps as exponential with that percentile: 0.01 ^ (age / gap). The age is read
    off a clock and has no interval. Undefined in demo and replay, where no clock is asked.
    """
    if counts.age_s is None:
        return Estimate.undefined("no clock in demo and replay", counts.n)
    age = max(0.0, counts.age_s)
    gap = counts.typical_gap_s
    if gap is None or not math.isfinite(gap) or gap <= 0:
        return Estimate(age, n=counts.n, reason="too few events to know the usual gap")
    ratio = age / gap
    detail = {
        "p_value": 0.01 ** min(ratio, 100.0),
        "above_floor": max(0.0, ratio - 1),
        "floor": 1.0,
        "typical_gap_s": gap,
        "unit": "s",
    }
    return Estimate(age, n=counts.n, detail=detail)


CHECK = QualityCheck(
    name="freshness",
    label="Freshness",
    needs=LogCounts,
    compute=compute,
    meaning=(
        "Seconds since the last event. It matters when it is several times the longest gap that is"
        " usual between two events."
    ),
    source="exponential gaps fitted to their 99th percentile",
    tolerance=(2.0, 10.0),
)
