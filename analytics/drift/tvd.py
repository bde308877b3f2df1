"""Total variation distance: the share of rows that changed level."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.drift.bins import Floats, level_counts, sizes, too_few, top_levels
from analytics.needs import LevelPair
from analytics.stats.discrete import expected_tvd, homogeneity_p

SHOWN = 20
_EVEN = 0.728  # of z squared: so much taken off leaves noise nothing on average, in level_by_level
_FEW = 5  # expected rows of a level from which its noise is nearly normal
_HOEFFDING = math.sqrt(math.log(2 / 0.05) / 2)


def appeared_and_vanished(pair: LevelPair) -> dict[str, Any]:
    """Levels that only one side has, with their rows, beside the rows that chance would bring.

    Good and Turing (Good 1953): of n rows about n times the other side's share of levels seen
    once lie in levels that the other side never had, without any drift.
    """
    ref, cur = pair.reference, pair.current
    m, n = float(ref.sum()), float(cur.sum())
    new, gone = (ref == 0) & (cur > 0), (cur == 0) & (ref > 0)
    return {
        "new_levels": _largest(pair.levels, cur, new),
        "n_new_levels": int(new.sum()),
        "new_rows": int(cur[new].sum()),
        "new_rows_expected": n * float((ref == 1).sum()) / m,
        "vanished_levels": _largest(pair.levels, ref, gone),
        "n_vanished_levels": int(gone.sum()),
        "vanished_rows": int(ref[gone].sum()),
        "vanished_rows_expected": m * float((cur == 1).sum()) / n,
    }


def _largest(
    levels: tuple[str, ...], counts: Floats, chosen: np.ndarray[Any, Any]
) -> dict[str, int]:
    at = np.flatnonzero(chosen)
    at = at[np.argsort(-counts[at], kind="stable")][:SHOWN]
    return {levels[i]: int(counts[i]) for i in at.tolist()}


def _bias(shares: Floats, rows: int) -> float:
    """At most this much of the distance is the noise of one sample."""
    return 0.5 * float(np.sqrt(shares * (1 - shares) / rows).sum())


def level_by_level(pair: LevelPair) -> float:
    """The distance with the noise of every level taken off in squares.

    A level that moved far keeps most of its change, where the noise of all levels at once would be
    taken off the change of one; levels that did not move cancel out on average. Levels with fewer
    than five expected rows on the smaller side count as one.

    >>> pair = LevelPair(("a", "b"), np.array([9e8, 1e8]), np.array([8e8, 2e8]))
    >>> round(level_by_level(pair), 6)
    0.1
    """
    n, m = sizes(pair)
    rare = (pair.current + pair.reference) * min(n, m) < _FEW * (n + m)
    current, reference = (
        np.append(side[~rare], side[rare].sum()) for side in (pair.current, pair.reference)
    )
    moved = current / n - reference / m
    shares = (current + reference) / (n + m)
    left = moved**2 - _EVEN * shares * (1 - shares) * (1 / n + 1 / m)
    return max(0.0, float((np.sign(left) * np.sqrt(np.abs(left))).sum()) / 2)


def compute(pair: LevelPair) -> Estimate:
    """Half the sum of absolute differences of the shares, less what noise alone would show.

    ``above_floor`` is the larger of two such answers: the distance less its mean without drift
    (many levels moved a little), and the noise taken off level by level (few moved far).
    ``detail.p_value`` tests that both sides follow one law (``stats.discrete.homogeneity_p``).
    ``low`` and ``high`` bound the population's distance by McDiarmid's inequality: conservative,
    drawn, and not what decides. Undefined with fewer than 30 rows on a side.
    """
    undefined = too_few(pair)
    if undefined:
        return undefined
    n, m = sizes(pair)
    ref, cur = level_counts(pair)
    parts = np.abs(pair.current / n - pair.reference / m) / 2
    value = min(1.0, float(parts.sum()))
    floor = expected_tvd(ref, cur)
    margin = _HOEFFDING * math.sqrt(1 / n + 1 / m)
    detail = {
        "p_value": homogeneity_p(ref, cur),
        "above_floor": max(value - floor, level_by_level(pair)),
        "floor": floor,
        "n_levels": len(ref),
        "n_reference": m,
        "top": top_levels(pair, parts),
        **appeared_and_vanished(pair),
    }
    low = max(0.0, value - margin - _bias(ref / m, m) - _bias(cur / n, n))
    return Estimate(value, low, min(1.0, value + margin), "McDiarmid", n, detail=detail)


TEST = DriftTest(
    name="tvd",
    label="Total variation distance",
    needs=LevelPair,
    compute=compute,
    meaning=(
        "The share of rows that would have to change level to turn the reference into the current"
        " window: 0 is no difference, 1 is nothing in common."
    ),
    source="Levin, Peres and Wilmer (2009), 4.1; p-value: Pearson's statistic with Lewis et al. (1984)",
    decides=True,
    tolerance=(0.075, 0.2),
)
