"""How many labels a number needs, with rows drawn by their expected loss and at random."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analytics.needs import Floats
from analytics.sampling.active import chances
from analytics.stats.intervals import t_quantile

LEAST = 30  # labels that any plan asks for


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of each row of a pool before any label: its loss, and how far that may be off.

    ``loss`` is the mean and ``variance`` the variance of the loss of each row.
    """

    loss: Floats
    variance: Floats


@dataclass(frozen=True, slots=True)
class Need:
    """How many labels bring the interval to plus-minus ``within``, and how many random ones would."""

    within: float
    n: int
    n_random: int
    n_pool: int
    expected: float  # the mean loss that is expected before any label

    @property
    def saved(self) -> float:
        """The share of random labels that the plan saves."""
        return 1 - self.n / self.n_random if self.n_random else 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows to label in this order, so that ``metric`` over a window is known to plus-minus ``within``.

    The window has ``n_known`` rows whose label is known already (their losses add up to
    ``known_loss``) and ``need.n_pool`` others, from which the rows were drawn: row i with chance
    ``q[i]`` in the first draw and ``p[i]`` of being among the first ``need.n``. More rows are drawn
    than needed, in case the goal is not reached. ``expected`` is the loss expected of each, over
    the pool ``expected_total``. ``curve`` has (labels, plus-minus of the plan, plus-minus of as
    many random labels) for a picture.
    """

    metric: str
    within: float
    need: Need
    n_known: int
    known_loss: float
    expected_total: float
    n_history: int
    seed: int
    ids: tuple[str, ...]
    q: Floats
    p: Floats
    expected: Floats
    curve: tuple[tuple[int, float, float], ...] = ()

    @property
    def n_rows(self) -> int:
        """Rows of the window, labelled or not."""
        return self.n_known + self.need.n_pool


def need(expected: Expected, within: float) -> Need:
    """The smallest number of labels whose interval is expected to reach plus-minus ``within``.

    >>> even = Expected(np.full(10_000, 0.1), np.full(10_000, 0.09))
    >>> found = need(even, 0.02)
    >>> found.n, found.n_random
    (798, 798)
    """
    pool = len(expected.loss)
    n = _first(lambda n: reach(expected, n), within, pool)
    n_random = _first(lambda n: reach_at_random(expected, n), within, pool)
    return Need(within, min(n, n_random), n_random, pool, float(expected.loss.mean()))


def reach(expected: Expected, n: int) -> float:
    """The plus-minus that ``n`` labels of a plan are expected to give."""
    n = min(n, len(expected.loss))
    q = chances(expected.loss)
    return t_quantile(max(n - 1, 1)) * math.sqrt(expected_variance(expected, q, n))


def reach_at_random(expected: Expected, n: int) -> float:
    """The plus-minus that ``n`` labels drawn with equal chances are expected to give."""
    pool = len(expected.loss)
    spread = float(expected.variance.mean() + expected.loss.var())
    left = max(pool - n, 0) / max(pool - 1, 1)
    return t_quantile(max(n - 1, 1)) * math.sqrt(spread / n * left)


def expected_variance(expected: Expected, q: Floats, n: int) -> float:
    """The variance that the estimate is expected to have after ``n`` draws.

    A row drawn with chance p leaves (1 - p) / p of its loss's variance; p follows from when n of
    all clocks have rung (see ``analytics.sampling.active.draw``).
    """
    pool = len(q)
    if n >= pool:
        return 0.0
    chance = -np.expm1(-q * _moment(q, n))
    return float((expected.variance * (1 - chance) / chance).sum()) / pool**2


def _moment(q: Floats, n: int) -> float:
    """The moment at which n clocks of rates q are expected to have rung."""
    low, high = 0.0, float(n)
    while float(-np.expm1(-q * high).sum()) < n and high < 1e18:
        high *= 2
    for _halving in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if float(-np.expm1(-q * middle).sum()) < n else (low, middle)
    return high


def _first(width: Callable[[int], float], within: float, pool: int) -> int:
    """The smallest n of at least 30 with ``width(n) <= within``; all rows where none is enough."""
    low, high = min(LEAST, pool), pool
    while low < high:
        middle = (low + high) // 2
        if middle >= pool or width(middle) <= within:
            high = middle
        else:
            low = middle + 1
    return low
