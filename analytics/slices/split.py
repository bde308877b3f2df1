"""Where a number is best cut in two, so that the mean loss of the sides differs most."""

from __future__ import annotations

import numpy as np

from analytics.needs import Floats


def best_split(n: Floats, loss: Floats, least: int = 1) -> int | None:
    """The last bin of the lower side: of all cuts between bins, the one that sets losses apart most.

    ``n`` rows and the sum of their losses are given by bin, in order. A cut leaves ``least`` rows on
    either side and takes most off the squared distances from the mean (a regression tree's first
    cut). None where no cut is possible.

    >>> best_split(np.array([10.0, 10.0, 10.0]), np.array([1.0, 1.0, 6.0]))
    1
    """
    size, below = np.cumsum(n)[:-1], np.cumsum(loss)[:-1]
    total, rows = float(loss.sum()), float(n.sum())
    can = (size >= max(least, 1)) & (rows - size >= max(least, 1))
    if not can.any():
        return None
    size, rest = np.where(can, size, 1), np.where(can, rows - size, 1)
    gain = np.where(can, below**2 / size + (total - below) ** 2 / rest, -np.inf)
    return int(np.argmax(gain))
