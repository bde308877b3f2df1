"""What sets the rows behind a number apart: where errors stand now, stood before, and all rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analytics.explain.parts import Side
from analytics.explain.rank import MEAN_OF_ABSOLUTE
from analytics.needs import Floats


@dataclass(frozen=True, slots=True)
class Apart:
    """One column: each cell's share of the errors now and before, and of all rows now.

    ``se`` is the standard error of (now - before). ``distance`` is half the sum of their absolute
    differences, less what chance alone would show; ``above_rows`` the same of errors against rows.
    """

    now: Floats
    before: Floats
    rows: Floats
    se: Floats
    distance: float
    above_rows: float


def errors_of(side: Side, *, is_right: bool) -> Side:
    """The same cells with errors above the line: rows that were not right, else what was summed."""
    if not is_right:
        return side
    over2 = side.under2 - 2 * side.cross + side.over2
    return Side(
        side.under - side.over, side.under, over2, side.under2 - side.cross, side.under2, side.n
    )


def set_apart(before: Side, now: Side, *, is_right: bool) -> Apart | None:
    """How errors are spread over the cells now and before; None without errors on a side.

    ``is_right``: the metric adds up what is right, so errors are the rest of the line below.

    >>> then = Side.from_rows([(9, 10, 9, 9, 10), (9, 10, 9, 9, 10)], [10, 10])
    >>> now = Side.from_rows([(9, 10, 9, 9, 10), (7, 10, 7, 7, 10)], [10, 10])
    >>> found = set_apart(then, now, is_right=True)
    >>> found.now.tolist(), found.before.tolist(), found.rows.tolist()
    ([0.25, 0.75], [0.5, 0.5], [0.5, 0.5])
    """
    then, this = errors_of(before, is_right=is_right), errors_of(now, is_right=is_right)
    if min(then.over.sum(), this.over.sum()) <= 0 or min(then.over.min(), this.over.min()) < 0:
        return None
    shares, variances = [], []
    for side in (then, this):
        total = float(side.over.sum())
        share = side.over / total
        rest = float(side.over2.sum()) - side.over2
        variances.append(((1 - share) ** 2 * side.over2 + share**2 * rest) / total**2)
        shares.append(share)
    se = np.sqrt(variances[0] + variances[1])
    by_rows = now.share
    noise_rows = np.sqrt(variances[1] + by_rows * (1 - by_rows) / max(float(now.n.sum()), 1.0))
    return Apart(
        shares[1],
        shares[0],
        by_rows,
        se,
        _distance(shares[1] - shares[0], se),
        _distance(shares[1] - by_rows, noise_rows),
    )


def _distance(difference: Floats, se: Floats) -> float:
    found = float(np.abs(difference).sum() - MEAN_OF_ABSOLUTE * se.sum()) / 2
    return max(found, 0.0) if math.isfinite(found) else 0.0
