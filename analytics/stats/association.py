"""How much of one column another explains, between 0 (nothing) and 1 (all of it)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def eta_squared(n: npt.ArrayLike, mean: npt.ArrayLike, variance: npt.ArrayLike) -> float:
    """The share of a number's variance that groups explain, from each group's n, mean, variance.

    >>> eta_squared([2, 2], [1.0, 3.0], [1.0, 1.0])
    0.5
    """
    count = np.nan_to_num(np.asarray(n, dtype=float))
    means, spread = (np.nan_to_num(np.asarray(v, dtype=float)) for v in (mean, variance))
    total = count.sum()
    if total <= 0:
        return 0.0
    middle = float(count @ means) / total
    between = float(count @ (means - middle) ** 2)
    whole = between + float(count @ spread)
    return between / whole if whole > 0 else 0.0


def tau(counts: npt.ArrayLike) -> float:
    """Goodman and Kruskal's tau: how much knowing the row helps to guess the column.

    ``counts`` is a table, rows the levels that explain, columns the classes.

    >>> tau([[10, 0], [0, 10]])
    1.0
    """
    table = np.asarray(counts, dtype=float)
    total = table.sum()
    if total <= 0:
        return 0.0
    rows = table.sum(axis=1)
    alone = float(((table.sum(axis=0) / total) ** 2).sum())
    known = float((table**2 / np.where(rows > 0, rows, 1)[:, None]).sum() / total)
    return max(0.0, (known - alone) / (1 - alone)) if alone < 1 else 0.0
