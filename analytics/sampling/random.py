"""Rows drawn with equal chances: what every other strategy is measured against."""

from __future__ import annotations

import numpy as np

from analytics.sampling.candidates import Candidates, Choice, check_size


def choose(candidates: Candidates, n: int, *, seed: int = 0) -> Choice:
    """``n`` rows without replacement, each with the same chance.

    >>> found = choose(Candidates(("a", "b", "c", "d")), 2, seed=1)
    >>> len(found.ids), found.probabilities
    (2, (0.5, 0.5))
    """
    check_size(n)
    order = np.random.default_rng(seed).permutation(candidates.n)[:n].tolist()
    chance = len(order) / candidates.n if candidates.n else 0.0
    return Choice(
        tuple(candidates.ids[i] for i in order),
        (chance,) * len(order),
        (0.0,) * len(order),
        ("drawn by chance",) * len(order),
        {"n_candidates": candidates.n},
    )
