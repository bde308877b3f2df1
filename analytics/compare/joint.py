"""Any number made of a confusion table, for two classifiers on the same rows."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from analytics.core import Estimate
from analytics.needs import Confusion, Floats
from analytics.stats.intervals import normal_estimate

STEP = 1e-5


def joint_difference(
    joint: Floats, build: Callable[[Floats], Confusion], metric: Callable[[Confusion], float | None]
) -> Estimate:
    """candidate minus baseline by the delta method on the table of (label, candidate, baseline).

    ``joint[t, a, b]`` counts rows; ``build`` makes a Confusion of counts, ``metric`` its value. The
    derivative by each cell is taken numerically; cells are shares of one multinomial.
    """
    total = float(joint.sum())
    if total <= 0:
        return Estimate.undefined("no rows that both scored")

    def value(counts: Floats) -> float | None:
        one, other = metric(build(counts.sum(axis=2))), metric(build(counts.sum(axis=1)))
        return None if one is None or other is None else one - other

    centre = value(joint)
    if centre is None:
        return Estimate.undefined("one of the two has no value", int(total))
    step, parts = STEP * total, []
    for cell in zip(*np.nonzero(joint), strict=True):
        moved = joint.copy()
        moved[cell] += step
        after = value(moved)
        if after is not None:
            parts.append((float(joint[cell]) / total, (after - centre) / step * total))
    mean = sum(share * slope for share, slope in parts)
    variance = sum(share * (slope - mean) ** 2 for share, slope in parts) / total
    se, method = math.sqrt(variance), "delta method, paired"
    if se <= 0:
        p_value = 1.0 if centre == 0 else 0.0
        return Estimate(
            centre,
            centre,
            centre,
            method,
            int(total),
            0.0,
            detail={"p_value": p_value, "test": method},
        )
    p_value = math.erfc(abs(centre) / se / math.sqrt(2))
    return normal_estimate(centre, se, int(total), method, p_value=p_value, test=method)
