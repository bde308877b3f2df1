"""Where a number is best cut in two, so that the mean loss of the sides differs most."""

from __future__ import annotations

import math

import numpy as np

from analytics.needs import Floats


def best_split(values: Floats, loss: Floats, min_rows: int = 1) -> float | None:
    """The number t for which rows of ``value <= t`` and the others differ most in mean loss.

    Of all cuts that leave ``min_rows`` on either side, the one that takes most off the squared
    distances from the mean (a regression tree's first cut). Rows without a value do not count. t is
    the shortest number between the two neighbours; None where no cut is possible.

    >>> best_split(np.array([1.0, 2.0, 8.6, 9.0]), np.array([0.0, 0.0, 1.0, 1.0]))
    5.0
    """
    is_known = np.isfinite(values)
    values, loss = values[is_known], loss[is_known]
    order = np.argsort(values, kind="stable")
    values, n = values[order], len(values)
    below = np.cumsum(loss[order])[:-1]
    size = np.arange(1, n)
    can = (values[1:] > values[:-1]) & (size >= min_rows) & (n - size >= min_rows)
    if not can.any():
        return None
    total = below[-1] + loss[order][-1]
    gain = np.where(can, below**2 / size + (total - below) ** 2 / (n - size), -np.inf)
    at = int(np.argmax(gain))
    return shortest_between(float(values[at]), float(values[at + 1]))


def shortest_between(low: float, high: float) -> float:
    """The number of fewest digits in [low, high), the one nearest to the middle.

    >>> shortest_between(62.06, 62.9), shortest_between(0.123, 0.1241), shortest_between(3.0, 4.0)
    (62.5, 0.124, 3.0)
    """
    middle = low + (high - low) / 2
    if not math.isfinite(middle):
        return low
    for digits in range(-int(math.log10(max(abs(low), abs(high), 1.0))), 17):
        near = round(middle, digits)
        step = 10.0**-digits
        for candidate in (near, near - step, near + step):
            rounded = round(candidate, max(digits, 0))
            if low <= rounded < high:
                return float(rounded)
    return low
