"""Active testing: rows drawn with chances that grow with the loss that is expected of them."""

from __future__ import annotations

import numpy as np

from analytics.needs import Floats
from analytics.sampling.candidates import Candidates, Choice, check_size

UNIFORM = 0.1  # share of the chances that no expectation decides


def choose(candidates: Candidates, n: int, *, expected: Floats, seed: int = 0) -> Choice:
    """``n`` rows one after another without replacement, each next in proportion to ``chances``.

    ``expected`` is the expected loss of each candidate (``analytics.estimate.surrogate``). The
    order is part of the design: label it from the front. ``scores`` are the chances q of the first
    draw, from which the estimate (``analytics.estimate.lure``) is computed; ``probabilities`` are
    the chances of being among the ``n``, exactly unbiased as weights one over p.
    """
    check_size(n)
    q = chances(expected)
    order, inclusion = draw(q, n, seed)
    return Choice(
        tuple(candidates.ids[i] for i in order.tolist()),
        tuple(float(p) for p in inclusion.tolist()),
        tuple(float(q[i]) for i in order.tolist()),
        tuple(f"expected loss {expected[i]:.2g}" for i in order.tolist()),
        {"n_candidates": candidates.n, "uniform": UNIFORM},
    )


def chances(expected: Floats, uniform: float = UNIFORM) -> Floats:
    """The chances of the first draw: the root of the expected loss, and a tenth spread evenly.

    >>> chances(np.array([0.0, 0.01, 0.04]), uniform=0.3).round(3).tolist()
    [0.1, 0.333, 0.567]
    """
    root = np.sqrt(np.clip(np.nan_to_num(expected), 0.0, None))
    total = float(root.sum())
    even = np.full(len(expected), 1 / max(len(expected), 1))
    return even if total <= 0 else (1 - uniform) * root / total + uniform * even


def draw(q: Floats, n: int, seed: int) -> tuple[np.ndarray, Floats]:
    """(rows in the order drawn, their chances of being among the ``n``).

    A row's clock rings after an exponential time of rate q; rows are taken as their clocks ring,
    which is drawing without replacement in proportion to q. Given the moment t of the first clock
    left out, a row was taken with probability 1 - exp(-q t), and sums weighted by one over it are
    unbiased (Cohen and Kaplan 2007, bottom-k sketches).
    """
    rng = np.random.default_rng(seed)
    with np.errstate(divide="ignore"):
        rings = rng.exponential(size=len(q)) / q
    order = np.argsort(rings, kind="stable")
    taken = order[:n]
    if len(order) <= n:
        return taken, np.ones(len(taken))
    return taken, -np.expm1(-q[taken] * rings[order[n]])
