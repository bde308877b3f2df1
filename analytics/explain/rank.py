"""Which parts deserve to be named first: how much of a change a part explains that is its own.

A cell that holds half of the rows takes half of a fall that everybody shares: that is no finding.
So within counts only as far as a cell fell more than the rest; mix and within only as far as they
hold whichever side's numbers are kept fixed; and from everything what chance alone shows is taken.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analytics.explain.parts import Bools, Split
from analytics.needs import Floats

MEAN_OF_ABSOLUTE = math.sqrt(2 / math.pi)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Standard errors and scores of every cell's parts; a score has the sign of its part.

    Cells of missing or unseen values (``is_whole``) have one part, mix and within together, whose
    numbers stand with the mix; their within is zero. ``held`` is the mix of all other cells with
    the numbers of before, and with those of now, held fixed: where they disagree, the mix is no
    finding.
    """

    mix: Floats
    within: Floats
    mix_se: Floats
    within_se: Floats
    mix_score: Floats
    within_score: Floats
    held: tuple[float, float]

    def score(self, change: float) -> float:
        """How much of the change the column explains: what goes its way less what goes against."""
        scores = np.concatenate([self.mix_score, self.within_score])
        return float(scores.sum()) * (1.0 if change >= 0 else -1.0)


def rank_parts(found: Split, is_whole: Bools) -> Ranked:
    """Parts, standard errors and scores of one column's cells."""
    size = len(found.mix)
    none, eye = np.zeros(size), np.eye(size)
    mix = np.where(is_whole, found.mix + found.within, found.mix)
    within = np.where(is_whole, 0.0, found.within)
    pairs = [
        (found.se(eye[k], eye[k] if is_whole[k] else none), found.se(none, eye[k]))
        for k in range(size)
    ]
    mix_se, within_se = (np.array(se) for se in zip(*pairs, strict=True))
    within_se = np.where(is_whole, 0.0, within_se)
    then, now = _mixes(found)
    held_mix = float(then[~is_whole].sum()), float(now[~is_whole].sum())
    agreed = _agreed(held_mix, float(mix[~is_whole].sum()))
    own_mix = np.where(is_whole, mix, agreed * _surely(_surely(then, now), mix))
    step, shared = _steps(found), found.within.sum()
    held = np.minimum(found.before.share, found.now.share)
    own_within = np.where(is_whole, 0.0, _surely(step * held, (step - shared) * held))
    own_within = _surely(own_within, within)
    return Ranked(
        mix,
        within,
        mix_se,
        within_se,
        _less(own_mix, mix_se),
        _less(own_within, within_se),
        held_mix,
    )


def _agreed(held: tuple[float, float], mean: float) -> float:
    """The share of a column's mix that holds whichever side's numbers are held fixed."""
    if held[0] * held[1] <= 0 or mean == 0:
        return 0.0
    return min(1.0, min(abs(held[0]), abs(held[1])) / abs(mean))


def _steps(found: Split) -> Floats:
    both = (found.before.share + found.now.share) / 2
    step: Floats = np.divide(found.within, both, out=np.zeros(len(both)), where=both > 0)
    return step


def _mixes(found: Split) -> tuple[Floats, Floats]:
    """The mix of every cell with the numbers of before, and with those of now, held fixed."""
    moved = found.now.share - found.before.share
    middle = np.divide(found.mix, moved, out=np.zeros(len(moved)), where=moved != 0)
    turn = (_steps(found) - found.change) / 2
    return moved * (middle - turn), moved * (middle + turn)


def _surely(a: Floats, b: Floats) -> Floats:
    """The smaller of two where they have one sign, else zero."""
    found: Floats = np.where(a * b > 0, np.sign(a) * np.minimum(np.abs(a), np.abs(b)), 0.0)
    return found


def _less(value: Floats, se: Floats) -> Floats:
    """A value with what chance alone would show taken off."""
    found: Floats = np.sign(value) * np.maximum(np.abs(value) - MEAN_OF_ABSOLUTE * se, 0.0)
    return found
