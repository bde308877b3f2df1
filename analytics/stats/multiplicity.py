"""Many questions at once: false discovery rate control (Benjamini and Hochberg 1995; Yekutieli 2001)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def benjamini_hochberg(p_values: Floats) -> Floats:
    """Adjusted p-values, in the order given; valid under independence and positive dependence.

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    return _step_up(np.asarray(p_values, dtype=float), 1.0)


def benjamini_yekutieli(p_values: Floats) -> Floats:
    """Adjusted p-values that hold under any dependence.

    >>> benjamini_yekutieli(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.055, 0.073, 0.073]
    """
    p = np.asarray(p_values, dtype=float)
    return _step_up(p, float((1.0 / np.arange(1, len(p) + 1)).sum()))


def _step_up(p: Floats, factor: float) -> Floats:
    m = len(p)
    if m == 0:
        return p
    order = np.argsort(p)
    ranked = p[order] * factor * m / np.arange(1, m + 1)
    monotone = np.minimum.accumulate(ranked[::-1])[::-1]
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(monotone, 1.0)
    return adjusted
