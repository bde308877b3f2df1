"""A change of a ratio of sums split into parts that sum to it exactly: mix and within, by cell.

A metric that is sum(over) / sum(under) is the mean of the cells' own ratios r, weighted by their
shares w of the line below: R = sum w r. Between two sides it moves because shares moved (mix) or
because the cells' own numbers did (within). The symmetric split (Kitagawa 1955; the Shapley value
of the two) takes the mean of both sides for what is held fixed; the mix is centred on the metric
itself, so that more rows of a cell count against it only where the cell is below the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.needs import Floats

Bools = npt.NDArray[np.bool_]
TINY = 1e-60  # a root below this has no slope that floats could hold


@dataclass(frozen=True, slots=True)
class Side:
    """One side's sums by cell: over, under, and the sums of their squares and products."""

    over: Floats
    under: Floats
    over2: Floats
    cross: Floats
    under2: Floats
    n: Floats

    @classmethod
    def from_rows(cls, sums: Sequence[Sequence[float]], n: Sequence[float]) -> Side:
        """From (over, under, over^2, over * under, under^2) of each cell, and its rows."""
        over, under, over2, cross, under2 = np.array(sums, dtype=float).reshape(-1, 5).T
        return cls(over, under, over2, cross, under2, np.array(n, dtype=float))

    @property
    def ratio(self) -> float:
        """The metric over all cells."""
        return float(self.over.sum() / self.under.sum())

    @property
    def share(self) -> Floats:
        """Each cell's share of the line below."""
        found: Floats = self.under / self.under.sum()
        return found

    @property
    def is_there(self) -> Bools:
        """Which cells have a number of their own."""
        found: Bools = self.under > 0
        return found

    def variance(self, over: Floats, under: Floats) -> float:
        """Variance of a sum over rows of (over * a + under * b), coefficients by cell."""
        n = float(self.n.sum())
        squares = float(over**2 @ self.over2) + float(under**2 @ self.under2)
        found = squares + 2 * float((over * under) @ self.cross)
        return max(found, 0.0) * n / max(n - 1, 1.0)


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of a change: ``mix`` and ``within`` of every cell; together they are the change.

    ``pull`` holds, for each side (before, now), what a row of a cell (last but one axis) adds to
    each part (first axis: all mixes, then all withins) by its over and its under (last axis).
    """

    before: Side
    now: Side
    mix: Floats
    within: Floats
    pull: tuple[Floats, Floats]

    @property
    def change(self) -> float:
        """What the parts sum to."""
        return float(self.mix.sum() + self.within.sum())

    def se(self, mix: Floats, within: Floats) -> float:
        """Standard error of the sum of the parts with these weights, by the delta method."""
        weight = np.concatenate([mix, within])
        pulls = [np.tensordot(weight, pull, axes=1) for pull in self.pull]
        sides = (self.before, self.now)
        return math.sqrt(
            sum(s.variance(p[:, 0], p[:, 1]) for s, p in zip(sides, pulls, strict=True))
        )


def split(before: Side, now: Side, *, is_root: bool = False) -> Split:
    """Both sides' sums, over the same cells, to parts; a cell that one side lacks is all mix.

    With ``is_root`` the metric is the root of the ratio, and every part is scaled so that they sum
    to the change of the root.

    >>> was = Side.from_rows([(9, 10, 9, 9, 10), (5, 10, 5, 5, 10)], [10, 10])
    >>> now = Side.from_rows([(4, 5, 4, 4, 5), (6, 15, 6, 6, 15)], [5, 15])
    >>> found = split(was, now)
    >>> found.mix.round(4).tolist(), found.within.round(4).tolist(), round(found.change, 4)
    ([-0.0625, -0.0375], [-0.0375, -0.0625], -0.2)
    """
    w0, w1, total0, total1 = before.share, now.share, before.ratio, now.ratio
    own0, own1 = _own(before), _own(now)
    r0, r1 = np.where(before.is_there, own0, own1), np.where(now.is_there, own1, own0)
    centre = (total0 + total1) / 2
    middle, moved, step, held = (r0 + r1) / 2, w1 - w0, r1 - r0, (w0 + w1) / 2
    mix, within = moved * (middle - centre), step * held
    pulls = []
    for sign, side, other in ((-1.0, before, now), (1.0, now, before)):
        d_share, d_own, d_total = _pulls(side)
        both = (side.is_there & other.is_there)[:, None, None]
        d_middle = np.where(both, 0.5, 1.0) * d_own
        off = (middle - centre)[:, None, None]
        d_mix = sign * d_share * off + moved[:, None, None] * (d_middle - d_total / 2)
        d_step = np.where(both, sign * d_own, 0.0)
        d_within = d_step * held[:, None, None] + step[:, None, None] * d_share / 2
        pulls.append(np.concatenate([d_mix, d_within]))
    found = Split(before, now, mix, within, (pulls[0], pulls[1]))
    return _rooted(found) if is_root else found


def _own(side: Side) -> Floats:
    found: Floats = np.divide(
        side.over, side.under, out=np.zeros(len(side.over)), where=side.is_there
    )
    return found


def _pulls(side: Side) -> tuple[Floats, Floats, Floats]:
    """What a row of cell t adds to the share and own number of cell k, and to the metric."""
    size, total = len(side.over), float(side.under.sum())
    eye, zero = np.eye(size), np.zeros((size, size))
    share = np.stack([zero, (eye - side.share[:, None]) / total], axis=-1)
    per = np.divide(1.0, side.under, out=np.zeros(size), where=side.is_there)[:, None]
    own = np.stack([eye * per, -eye * per * _own(side)[:, None]], axis=-1)
    whole = np.empty((1, size, 2))
    whole[..., 0], whole[..., 1] = 1 / total, -side.ratio / total
    return share, own, whole


def _rooted(found: Split) -> Split:
    """The same parts on the scale of the root: each times (root now - root before) / change."""
    roots = [math.sqrt(max(side.ratio, 0.0)) for side in (found.before, found.now)]
    if sum(roots) <= TINY:
        return found
    scale = 1 / sum(roots)
    parts = np.concatenate([found.mix, found.within])
    pulls = []
    for side, root, pull in zip((found.before, found.now), roots, found.pull, strict=True):
        slope = -(scale**2) * root_slope(root)
        whole = _pulls(side)[2]
        pulls.append(pull * scale + parts[:, None, None] * slope * whole)
    return Split(
        found.before, found.now, found.mix * scale, found.within * scale, (pulls[0], pulls[1])
    )


def root_slope(root: float) -> float:
    """How a root moves with what stands under it; 0 where the root vanishes.

    >>> root_slope(2.0), root_slope(0.0)
    (0.25, 0.0)
    """
    return 1 / (2 * root) if root > TINY else 0.0


def change_se(before: Side, now: Side, *, is_root: bool = False) -> float:
    """Standard error of the change itself."""
    variance = 0.0
    for side in (before, now):
        total, ratio = float(side.under.sum()), side.ratio
        slope = root_slope(math.sqrt(max(ratio, 0.0))) if is_root else 1.0
        ones = np.ones(len(side.over))
        variance += side.variance(ones * slope / total, -ones * slope * ratio / total)
    return math.sqrt(variance)
