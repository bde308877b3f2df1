"""Looking back: where did a number's level change, how surely, and by how much?

Binary segmentation of a series of periods: the split that explains most is taken where chance hardly
explains it, then both sides are searched. Periods scatter by more than their own standard errors
(weeks differ), so these are stretched by what neighbours differ by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analytics.needs import Floats
from analytics.stats.intervals import Z95

LEAST = 3  # periods on either side of a change
SURE = 0.01  # the most that chance may explain, corrected for every place a change could have been
CREDIBLE = 0.95
MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class Change:
    """The level changed before period ``at``: most likely there, with 95 % in ``first`` to ``last``.

    ``before`` and ``after`` are the levels on either side up to the next change; ``se`` is of their
    difference and ``p_value`` what chance explains.
    """

    at: int
    first: int
    last: int
    before: float
    after: float
    se: float
    p_value: float

    @property
    def size(self) -> float:
        """By how much the level changed."""
        return self.after - self.before

    @property
    def interval(self) -> tuple[float, float]:
        """Where that lies, as if the place were known."""
        return self.size - Z95 * self.se, self.size + Z95 * self.se


def change_points(value: Floats, se: Floats) -> list[Change]:
    """The changes of level, in order of time.

    >>> level = np.repeat([0.9, 0.8], [12, 8]) + 0.002 * np.tile([1.0, -1.0], 10)
    >>> [(c.at, c.first, c.last, round(c.size, 2)) for c in change_points(level, np.full(20, 0.004))]
    [(12, 12, 12, -0.1)]
    """
    if len(value) < 2 * LEAST or not (np.isfinite(value).all() and np.isfinite(se).all()):
        return []
    se = np.maximum(se, 1e-12)
    weight = 1 / (se * scatter(value, se)) ** 2
    found: list[tuple[int, int, int]] = []
    _search(value, weight, 0, len(value), found)
    ends = [0, *sorted(at for at, _lo, _hi in found), len(value)]
    changes = []
    for at, low, high in sorted(found):
        i = ends.index(at)
        changes.append(_change(value, weight, (ends[i - 1], at, ends[i + 1]), (low, high)))
    return changes


def scatter(value: Floats, se: Floats) -> float:
    """How many times further apart neighbours are than their standard errors explain, at least 1.

    >>> scatter(np.array([0.0, 1.0, 0.0, 1.0, 0.0]), np.full(5, 0.1)) > 5
    True
    """
    step = np.diff(value) / np.sqrt(se[1:] ** 2 + se[:-1] ** 2)
    return max(1.0, MAD_TO_SD * float(np.median(np.abs(step))))


def gains(value: Floats, weight: Floats) -> Floats:
    """Twice the log-likelihood ratio of a change before each period; -inf where it may not be."""
    w, s = np.cumsum(weight), np.cumsum(weight * value)
    gain = np.full(len(value), -math.inf)
    at = np.arange(LEAST, len(value) - LEAST + 1)
    left, right = w[at - 1], w[-1] - w[at - 1]
    means = s[at - 1] / left, (s[-1] - s[at - 1]) / right
    gain[at] = left * right / w[-1] * (means[0] - means[1]) ** 2
    return gain


def _search(
    value: Floats, weight: Floats, start: int, end: int, found: list[tuple[int, int, int]]
) -> None:
    if end - start < 2 * LEAST:
        return
    gain = gains(value[start:end], weight[start:end])
    at = int(np.argmax(gain))
    places = int(np.isfinite(gain).sum())
    if places * _chance(float(gain[at])) > SURE:
        return
    low, high = _credible(gain)
    found.append((start + at, start + low, start + high))
    _search(value, weight, start, start + at, found)
    _search(value, weight, start + at, end, found)


def _chance(gain: float) -> float:
    return math.erfc(math.sqrt(max(gain, 0.0) / 2))


def _credible(gain: Floats) -> tuple[int, int]:
    """The places that hold 95 % of the likelihood, likeliest first, as a span."""
    likely = np.exp((gain - gain.max()) / 2)
    order = np.argsort(-likely, kind="stable")
    share = np.cumsum(likely[order]) / likely.sum()
    kept = order[: int(np.searchsorted(share, CREDIBLE)) + 1]
    return int(kept.min()), int(kept.max())


def _change(
    value: Floats, weight: Floats, span: tuple[int, int, int], place: tuple[int, int]
) -> Change:
    start, at, end = span
    sides = [(value[a:b], weight[a:b]) for a, b in ((start, at), (at, end))]
    before, after = (float((v * w).sum() / w.sum()) for v, w in sides)
    se = math.sqrt(sum(1 / float(w.sum()) for _v, w in sides))
    gain = ((after - before) / se) ** 2
    places = max(end - start - 2 * LEAST + 1, 1)
    return Change(at, *place, before, after, se, min(places * _chance(gain), 1.0))
