"""Calibration from counts by distinct score: bins of equal mass, the error over them, how sure."""

from __future__ import annotations

import numpy as np

from analytics.needs import Floats, Scores

N_BINS = 15
N_DRAWS = 400
STRETCH = np.linspace(0.0, 2.0, 81)  # multiples of the gaps seen that are tried as the truth
NOT_PROBABILITIES = "scores outside [0, 1] are not probabilities"
MARGIN = 1e-6  # a score may leave [0, 1] by this much (float32) and still be a probability


def are_probabilities(scores: Scores) -> bool:
    """Whether all scores lie in [0, 1]."""
    if len(scores.score) == 0:
        return True
    return bool(scores.score[0] >= -MARGIN and scores.score[-1] <= 1 + MARGIN)


def equal_mass_bins(scores: Scores, n_bins: int = N_BINS) -> tuple[Floats, Floats, Floats]:
    """(weight, mean score, observed rate) of bins with about the same weight, tied scores together.

    A score's rows go to the bin in which the middle of their weight falls; empty bins are left out.

    >>> scores = Scores.from_arrays([True, False, True, False], [0.9, 0.8, 0.2, 0.1])
    >>> [x.round(2).tolist() for x in equal_mass_bins(scores, 2)]
    [[2.0, 2.0], [0.15, 0.85], [0.5, 0.5]]
    """
    weight = scores.positives + scores.negatives
    middle = np.cumsum(weight) - weight / 2
    bins = np.minimum((middle / weight.sum() * n_bins).astype(int), n_bins - 1)
    mass = np.bincount(bins, weights=weight, minlength=n_bins)
    score = np.bincount(bins, weights=weight * scores.score, minlength=n_bins)
    positives = np.bincount(bins, weights=scores.positives, minlength=n_bins)
    kept = mass > 0
    rate = np.clip(positives[kept] / mass[kept], 0.0, 1.0)
    return mass[kept].astype(float), score[kept] / mass[kept], rate


def error_ends(share: Floats, score: Floats, rate: Floats, n: Floats) -> tuple[float, float, float]:
    """(low, high, standard error) of sum share |score - rate| over bins of ``n`` effective rows.

    The plain error is never below what chance alone adds, so its own spread around it is no
    interval. Instead the gaps seen are shrunk and stretched, each size is taken as the truth,
    bins are drawn from it (normal, 400 times, fixed seed), and the sizes under which the error
    seen is not in either 2.5 % tail are kept (test inversion along the line of the gaps).
    """
    value = float(share @ np.abs(score - rate))
    noise = np.random.default_rng(0).standard_normal((N_DRAWS, len(n)))
    drawn = np.empty((len(STRETCH), N_DRAWS))
    for i, stretch in enumerate(STRETCH):
        truth = np.clip(score + stretch * (rate - score), 0.0, 1.0)
        spread = np.maximum(np.sqrt(truth * (1 - truth) / n), 0.5 / (n + 4))
        drawn[i] = np.abs(truth - score + noise * spread) @ share
    tails = np.quantile(drawn, (0.025, 0.975), axis=1)
    sizes = np.array(
        [float(share @ np.abs(np.clip(score + s * (rate - score), 0, 1) - score)) for s in STRETCH]
    )
    low = float(sizes[int(np.argmax(tails[1] >= value))])
    fitting = np.flatnonzero(tails[0] <= value)
    high = float(sizes[fitting[-1]]) if len(fitting) else value
    at_one = drawn[int(np.argmin(np.abs(STRETCH - 1.0)))]
    return min(low, value), max(high, value), float(at_one.std())
