"""Alarms that may be looked at for ever: bets against "the risk is at most m0", and detectors.

A gambler stakes a fixed share of the money on "this row is worse than m0 promises". Where the
promise holds the money does not grow (Ville: it reaches 1/alpha ever with a chance of at most
alpha); where it is broken it grows at the fastest rate that some stake allows. Waudby-Smith and
Ramdas (2024), "Estimating means of bounded random variables by betting", JRSS-B 86(1). All sums are
per period and add up.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
# How far above m0 the mean would lie for which each stake is best, as a share of 1 - m0.
RISES = np.geomspace(0.005, 0.5, 8)
Detector = Literal["e-sr", "e-cusum"]


def stakes(m0: float) -> Floats:
    """Eight stakes, each best for another rise above ``m0`` (which lies strictly between 0 and 1).

    >>> stakes(0.1).round(2).tolist()
    [0.05, 0.1, 0.19, 0.36, 0.69, 1.34, 2.59, 5.0]
    """
    return np.asarray(RISES / m0, dtype=float)


def log_growth(n: ArrayLike, n_bad: ArrayLike, m0: float) -> Floats:
    """Log of what each stake makes of a period's rows, of which ``n_bad`` went wrong.

    Periods are the first axis, stakes are added as the last. For a loss between 0 and 1 the same
    table is the sum over the rows of ln(1 + stake (x - m0)).
    """
    rows, bad = (np.asarray(v, dtype=float)[..., None] for v in (n, n_bad))
    stake = stakes(m0)
    return np.asarray(bad * np.log1p(stake * (1 - m0)) + (rows - bad) * np.log1p(-stake * m0))


def log_wealth(growth: Floats) -> Floats:
    """Log of the money after each period, spread evenly over the stakes at the start.

    An alarm at ln(1/alpha) is false with a chance of at most ``alpha`` over all time.
    """
    return _log_mean(np.cumsum(growth, axis=0))


def log_detector(growth: Floats, kind: Detector = "e-sr") -> Floats:
    """Log of an e-detector after each period: it forgets, so it also finds what begins late.

    With an alarm at ln(A) the mean number of periods until a false alarm is at least A. Shin,
    Ramdas and Rinaldo (2023), "E-detectors: a nonparametric framework for sequential change
    detection". "e-sr" sums over all moments at which the change may have begun, "e-cusum" takes
    the best.
    """
    state = np.full(growth.shape[1:], -np.inf)
    path = np.empty_like(growth)
    for i, grown in enumerate(growth):
        start = np.logaddexp(state, 0.0) if kind == "e-sr" else np.maximum(state, 0.0)
        state = path[i] = start + grown
    return _log_mean(path)


class PatientBets:
    """Bets that begin at every period: they find late what begins late, and still may look for ever.

    A share 1 / (t (t + 1)) of the money waits for period t and is spread over the stakes then; the
    shares add up to one, so where the promise holds the whole never grows on average, and reaches
    1/alpha with a chance of at most ``alpha`` over all time (Ville). It is "e-sr" of
    ``log_detector`` with weights that add up.

    >>> bets = PatientBets()
    >>> for n_bad in (50, 52, 90, 90, 90):
    ...     bets.play(log_growth(500, n_bad, 0.1))
    >>> bets.log_wealth > math.log(1 / 0.05)
    True
    """

    def __init__(self) -> None:
        self._state = np.full(len(RISES), -np.inf)
        self._n = 0

    def play(self, growth: Floats) -> None:
        """One more period; ``growth`` is ``log_growth`` of it."""
        self._n += 1
        fresh = -math.log(self._n * (self._n + 1))
        self._state = np.logaddexp(self._state, fresh) + growth

    @property
    def log_wealth(self) -> float:
        """Log of what is at stake by now; the money that still waits is left out."""
        return float(_log_mean(self._state))


def betting_evidence(n_for: int, n_against: int) -> float:
    """Natural logarithm of the wealth of a fair bet that one side wins more than half of the time.

    Each row on which exactly one of two is right (or one is closer) is a coin toss where neither
    is better. The bet is the mixture of all shares above one half, each alike (uniform prior), so
    the wealth is 2^(n+1) times the integral from 1/2 to 1 of p^for (1-p)^against: it starts at 1,
    and where neither is better its expectation never grows (Ville's inequality: it reaches 20 in
    at most 5 % of all endless comparisons).

    >>> betting_evidence(0, 0)
    0.0
    >>> round(math.exp(betting_evidence(15, 3)), 1)
    33.7
    """
    from scipy.special import betainc, betaln

    a, b = n_for + 1.0, n_against + 1.0
    upper = float(betainc(b, a, 0.5))  # P(share > 1/2) of Beta(a, b)
    if upper <= 0.0:
        return -math.inf
    return (a + b - 1) * math.log(2) + float(betaln(a, b)) + math.log(upper)


def first_alarm(path: Floats, level: float) -> int | None:
    """The first period at which a path reaches the logarithm of ``level``; None where it never does."""
    over = np.flatnonzero(path >= math.log(level))
    return int(over[0]) if len(over) else None


def _log_mean(values: Floats) -> Floats:
    top = values.max(axis=-1)
    with np.errstate(divide="ignore"):
        return np.asarray(top + np.log(np.exp(values - top[..., None]).mean(axis=-1)))
