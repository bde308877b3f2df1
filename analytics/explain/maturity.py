"""What the labels still on their way do to a change: rows weighed as if all labels had their time.

Where labels are still arriving, those that take long are missing. A label that took d seconds is
seen only on rows that are at least d old, so it stands for 1 / (share of rows that old) of them
(inverse probability of censoring weights). Labels that take longer than nearly all rows are old
are left out on both sides, so that like is compared with like. What the weights change in the
difference of both sides is the part of label maturity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.explain.parts import Side, root_slope
from analytics.needs import Floats

LEAST = 0.1  # share of rows that must be old enough for a delay to be told


def weights_by_delay(
    old_before: Sequence[float], old_now: Sequence[float]
) -> tuple[Floats, Floats]:
    """Weights (before, now) by delay from the shares of rows that are old enough for each.

    One more than the shares: the last is for delays beyond all of them. Labels that less than a
    tenth of the rows on a side are old enough for weigh nothing.

    >>> weights_by_delay([1.0, 1.0], [1.0, 0.5])[1].tolist()
    [1.0, 2.0, 2.0]
    >>> weights_by_delay([1.0, 1.0], [0.5, 0.01])[0].tolist()
    [1.0, 0.0, 0.0]
    """
    old = [np.append(np.asarray(o, dtype=float), o[-1]) for o in (old_before, old_now)]
    told = (old[0] >= LEAST) & (old[1] >= LEAST)
    then, now = (np.where(told, 1 / np.maximum(o, LEAST), 0.0) for o in old)
    return then, now


@dataclass(frozen=True, slots=True)
class Maturity:
    """The part of a change that is due to labels still on their way, with its standard error."""

    value: float
    se: float


def maturity_part(
    sides: tuple[Side, Side], weights: tuple[Floats, Floats], *, is_root: bool = False
) -> Maturity:
    """From sums by delay (before, now), and the weights of each delay: raw change minus weighed.

    >>> then = Side.from_rows([(8, 8, 8, 8, 8), (0, 2, 0, 0, 2)], [8, 2])
    >>> now = Side.from_rows([(8, 8, 8, 8, 8), (0, 1, 0, 0, 1)], [8, 1])
    >>> round(maturity_part((then, now), (np.ones(2), np.array([1.0, 2.0]))).value, 4)
    0.0889
    """
    value = variance = 0.0
    for sign, side, weight in zip((-1.0, 1.0), sides, weights, strict=True):
        raw, total = side.ratio, float(side.under.sum())
        over, under = float(weight @ side.over), float(weight @ side.under)
        ripe = over / under
        ends, slopes = [raw, ripe], [1.0, 1.0]
        if is_root:
            ends = [math.sqrt(max(e, 0.0)) for e in ends]
            slopes = [root_slope(e) for e in ends]
        value += sign * (ends[0] - ends[1])
        by_over = slopes[0] / total - slopes[1] * weight / under
        by_under = -slopes[0] * raw / total + slopes[1] * ripe * weight / under
        variance += side.variance(by_over, by_under)
    return Maturity(value, math.sqrt(variance))
