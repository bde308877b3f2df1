"""LURE: the mean loss of a pool from few rows drawn with known chances, without bias."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analytics.core import Estimate
from analytics.needs import Floats
from analytics.stats.intervals import Z95, skew_ends, t_quantile, wilson

SETTLED = 300  # labels below which an interval is provisional
NO_LABELS = "no label of the plan has come yet"


@dataclass(frozen=True, slots=True)
class Drawn:
    """The labelled rows of a plan in the order drawn: their losses, and the chances they had.

    ``q`` are the chances of the first draw over all ``n_pool`` rows. Rows that nobody could label
    are left out of both, with ``q_lost`` the sum of their chances: the estimate is then of the
    rest. ``expected`` is the expected loss of each drawn row and ``expected_mean`` its mean over
    the pool, which steadies the estimate without a bias, however wrong it is; None for neither.
    """

    loss: Floats
    q: Floats
    n_pool: int
    q_lost: float = 0.0
    expected: Floats | None = None
    expected_mean: float = 0.0


def lure(drawn: Drawn, *, bounds: tuple[float, float] = (-math.inf, math.inf)) -> Estimate:
    """The mean loss of the pool; levelled unbiased risk estimator (Farquhar, Gal and Rainforth 2021).

    Each labelled row m gives an unbiased estimate of its own, made of its loss over its chance among
    the rows left and the losses seen before; they are averaged with weights known beforehand, so
    the squares of what they miss give the variance (they are martingale differences). The interval
    is Hall's t interval, which follows their skewness, with as few degrees of freedom as there are
    rows that make up the variance; it is provisional below 300 labels. Where
    all losses sit at one of the ``bounds`` it is Wilson's. It is meant for one look: who stops as
    soon as it is narrow enough should read ``docs/labels.md``.

    >>> found = lure(Drawn(np.array([1.0, 0.0, 0.0, 0.0]), np.full(4, 0.1), 10))
    >>> found.value, found.n, found.detail["is_provisional"]
    (0.25, 4, True)
    """
    n, pool = len(drawn.loss), drawn.n_pool
    if n == 0:
        return Estimate.undefined(NO_LABELS)
    detail = {"n_pool": pool, "is_provisional": n < SETTLED and n < pool}
    if n >= pool:
        mean = float(drawn.loss.mean())
        return Estimate(mean, mean, mean, "every row is labelled", n, 0.0, detail=detail)
    if n < 2:
        return Estimate.undefined("one label of the plan has come, two are needed", n)
    parts = contributions(drawn)
    base = drawn.expected_mean if drawn.expected is not None else 0.0
    value = min(max(base + float(parts.sum()), bounds[0]), bounds[1])
    weight = steps(n, pool)
    missed = parts - weight * float(parts.sum())
    se = math.sqrt(float(missed @ missed))
    extreme = _at_a_bound(drawn.loss, bounds)
    if extreme is not None:
        low, high = _unseen(extreme, n, bounds)
        low, high = min(low, value), max(high, value)
        se = (high - low) / (2 * Z95)
        return Estimate(value, low, high, "Wilson, none seen", n, se, detail=detail)
    low, high = _ends(base + float(parts.sum()), se, missed)
    low, high = max(min(low, value), bounds[0]), min(max(high, value), bounds[1])
    return Estimate(value, low, high, "LURE, skew-corrected t", n, se, detail=detail)


def _ends(value: float, se: float, missed: Floats) -> tuple[float, float]:
    """Hall's t interval; degrees of freedom as few as the rows that make up the variance."""
    if se <= 0:
        return value, value
    z = missed / se
    df = 2 / max(float((z**2) @ (z**2)), 1e-300)
    return skew_ends(value, se, float(z @ z**2), t_quantile(df))


def contributions(drawn: Drawn) -> Floats:
    """What each labelled row adds to the estimate; their sum is LURE's (1 / M) sum v_m L_m.

    >>> draws = Drawn(np.array([2.0, 1.0]), np.array([0.4, 0.2]), 5)
    >>> v = [1 + (5 - 2) / (5 - m) * (1 / ((5 - m + 1) * q) - 1) for m, q in ((1, 0.4), (2, 0.2 / 0.6))]
    >>> bool(np.isclose(contributions(draws).sum(), (v[0] * 2 + v[1] * 1) / 2))
    True
    """
    n, pool = len(drawn.loss), drawn.n_pool
    loss = drawn.loss if drawn.expected is None else drawn.loss - drawn.expected
    before = np.concatenate([[0.0], np.cumsum(drawn.q)[:-1]])
    share = drawn.q / np.maximum(1 - drawn.q_lost - before, 1e-300)
    seen = np.concatenate([[0.0], np.cumsum(loss)[:-1]])
    alone = loss / np.minimum(share, 1.0) / pool + seen / pool
    return np.asarray(steps(n, pool) * alone)


def steps(n: int, pool: int) -> Floats:
    """The weights of the n unbiased estimates, which add up to one.

    >>> steps(3, 100).sum().round(12), steps(3, 100).round(3).tolist()
    (np.float64(1.0), [0.327, 0.333, 0.34])
    """
    m = np.arange(1, n + 1)
    raw = 1.0 / ((pool - m) * (pool - m + 1.0))
    return np.asarray(raw / raw.sum())


def _at_a_bound(loss: Floats, bounds: tuple[float, float]) -> float | None:
    if not (loss == loss[0]).all() or float(loss[0]) not in bounds:
        return None
    return float(loss[0])


def _unseen(extreme: float, n: int, bounds: tuple[float, float]) -> tuple[float, float]:
    """Where the mean may lie when all of ``n`` losses were the smallest, or the largest, there is.

    Wilson's bound for rows drawn evenly: rows of another loss were at least as likely to be drawn
    as rows are on average, if the expectation is not worse than none.
    """
    width = (bounds[1] - bounds[0]) * wilson(0.0, n)[1]
    if not math.isfinite(width):
        return extreme, extreme
    return (extreme, extreme + width) if extreme == bounds[0] else (extreme - width, extreme)
