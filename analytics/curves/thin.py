"""Keep a curve under the number of points that a browser should get, without changing its shape."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analytics.needs import Floats

MAX_POINTS = 1000


def keep(x: Floats, y: Floats, n: int = MAX_POINTS) -> npt.NDArray[np.int64]:
    """Indices of at most ``n`` points of a curve, spread evenly along its length; both ends stay.

    >>> len(keep(np.linspace(0, 1, 5000), np.linspace(0, 1, 5000) ** 2, 100)) <= 100
    True
    """
    if len(x) <= n:
        return np.arange(len(x))
    span_x, span_y = float(np.ptp(x)) or 1.0, float(np.ptp(y)) or 1.0
    steps = np.hypot(np.diff(x) / span_x, np.diff(y) / span_y)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0.0, along[-1], n)
    found = np.minimum(np.searchsorted(along, wanted), len(x) - 1)
    found[0], found[-1] = 0, len(x) - 1
    return np.unique(found).astype(np.int64)
