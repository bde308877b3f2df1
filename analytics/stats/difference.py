"""The difference of two estimates from different rows: its interval and p-value."""

from __future__ import annotations

import math

from analytics.core import Estimate
from analytics.stats.intervals import Z95


def difference(current: Estimate, reference: Estimate) -> Estimate:
    """current minus reference, with the interval that both intervals imply (square and add).

    Each side keeps its own shape: the lower end adds the distance down from the current value to
    the distance up from the reference, in squares (Zou and Donner 2008). For two Wilson intervals
    that is Newcombe's. ``detail.p_value`` is two-sided and reads the side that faces zero, so it
    is below 0.05 exactly where the interval leaves zero out. The rows of both must be different.

    >>> from analytics.stats.intervals import share_estimate
    >>> found = difference(share_estimate(0.8, 70, 70), share_estimate(0.6, 80, 80))
    >>> [round(x, 4) for x in (found.value, found.low, found.high, found.detail["p_value"])]
    [0.2, 0.0524, 0.3339, 0.0079]
    """
    if current.value is None or reference.value is None:
        return Estimate.undefined("one of the two has no value", current.n)
    if None in (current.low, current.high, reference.low, reference.high):
        return Estimate.undefined("one of the two has no interval", current.n)
    assert current.low is not None and current.high is not None
    assert reference.low is not None and reference.high is not None
    value = current.value - reference.value
    down = math.hypot(current.value - current.low, reference.high - reference.value)
    up = math.hypot(current.high - current.value, reference.value - reference.low)
    facing = down if value > 0 else up
    if facing > 0:
        p_value = math.erfc(abs(value) / facing * Z95 / math.sqrt(2))
    else:
        p_value = float(value == 0)
    detail = {"p_value": p_value, "n_reference": reference.n}
    se = (down + up) / (2 * Z95)
    return Estimate(value, value - down, value + up, "square and add", current.n, se, detail=detail)
