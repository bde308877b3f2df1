"""How far a metric of binned scores can lie from that of the scores themselves.

Scores of a bin are taken as its middle, tied. Where they lie in it is not known; every bound holds
whatever it is. A metric that is not here is not read from bins.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from analytics.needs import Floats, Scores
from analytics.summaries.labelled_sql import ABOVE, BELOW, N_BINS

TINY = float(np.finfo(np.float64).eps)  # where a logarithmic loss clips probabilities
ENOUGH = 0.005  # a wider bound, and the rows are asked


def middles(bins: Floats) -> Floats:
    """The score that stands for each bin; -1 and 2 for what is below 0 and above 1."""
    found = (np.minimum(bins, N_BINS + 0.5) - 0.5) / N_BINS
    found[bins == BELOW], found[bins == ABOVE] = -1.0, 2.0
    return found


def _halves(scores: Scores) -> Floats:
    """How far a score can lie from its middle; none where it is 1."""
    return np.where(scores.score == 1.0, 0.0, 0.5 / N_BINS)


def _are_probabilities(scores: Scores) -> bool:
    return bool(len(scores.score) and scores.score[0] >= 0 and scores.score[-1] <= 1)


def auc_bound(scores: Scores) -> float:
    """Half of the pairs of one bin: each of them counts half here and 0 to 1 in truth.

    >>> auc_bound(Scores.from_arrays([True, False, True, False], [0.1, 0.1, 0.2, 0.3]))
    0.125
    """
    pairs = float(scores.positives.sum()) * float(scores.negatives.sum())
    return float((scores.positives * scores.negatives).sum()) / 2 / pairs if pairs > 0 else 0.0


def precision_bound(scores: Scores) -> float:
    """Average precision between the best and the worst order inside every bin.

    With T positives and F negatives above a bin of p and q, a positive's precision is at most
    (T + p) / (T + p + F). At worst all negatives come first, and the positives one by one: their
    precision (T + t) / (T + t + F + q) is concave in t, so its mean is at least that of both ends.
    """
    pos, neg = scores.positives[::-1], scores.negatives[::-1]
    total = float(pos.sum())
    if total <= 0:
        return 0.0
    true, false = np.cumsum(pos), np.cumsum(neg)
    above, wrong = true - pos, false - neg

    def precision(t: Floats, f: Floats) -> Floats:
        return t / np.maximum(t + f, 1e-300)

    value = precision(true, false)
    best = precision(true, wrong)
    worst = (precision(above, false) + value) / 2
    up, down = (float((pos * gap).sum()) / total for gap in (best - value, value - worst))
    return max(up, down)


def brier_bound(scores: Scores) -> float:
    """The mean over rows of half a bin times (2 |middle - label| + half a bin)."""
    if not _are_probabilities(scores):
        return math.inf
    half, p = _halves(scores), scores.score
    hit, miss = half * (2 * (1 - p) + half), half * (2 * p + half)
    return _mean(scores, hit, miss)


def mean_bound(scores: Scores) -> float:
    """Half a bin."""
    half = _halves(scores)
    return _mean(scores, half, half) if _are_probabilities(scores) else math.inf


def log_loss_bound(scores: Scores) -> float:
    """The mean over rows of the wider side of the loss inside the bin."""
    if not _are_probabilities(scores):
        return math.inf
    half, p = _halves(scores), np.clip(scores.score, TINY, 1 - TINY)
    low, high = (np.clip(scores.score + side * half, TINY, 1 - TINY) for side in (-1, 1))
    return _mean(scores, np.log(p / low), np.log((1 - p) / (1 - high)))


def _mean(scores: Scores, hit: Floats, miss: Floats) -> float:
    total = float(scores.positives.sum() + scores.negatives.sum())
    summed = float((hit * scores.positives).sum() + (miss * scores.negatives).sum())
    return summed / total if total > 0 else 0.0


BOUNDS: Mapping[str, Callable[[Scores], float]] = {
    "roc_auc": auc_bound,
    "average_precision": precision_bound,
    "brier": brier_bound,
    "mean_score": mean_bound,
    "log_loss": log_loss_bound,
}


def bound_of(name: str, scores: Scores) -> float:
    """How far a metric of these binned scores can be off; infinite where nobody knows."""
    found = BOUNDS.get(name)
    return math.inf if found is None else found(scores)
