"""Standard errors of ranking metrics from counts by distinct score, in one pass over them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from analytics.core import Estimate
from analytics.needs import ClassScores, Floats, Scores
from analytics.stats.intervals import logit_estimate


def delong(scores: Scores) -> tuple[float, float]:
    """(AUC, its standard error); DeLong, DeLong and Clarke-Pearson (1988).

    The placement of a positive is the share of negatives below it plus half of those tied; the
    variances of the placements of positives and of negatives, each over its number, add up. With
    a single row in a class its variance is not seen, and Hanley and McNeil's (1982) stands in.

    >>> scores = Scores.from_arrays([False, False, True, True], [0.1, 0.4, 0.35, 0.8])
    >>> [round(x, 4) for x in delong(scores)]
    [0.75, 0.3536]
    """
    pos, neg = scores.positives, scores.negatives
    n_pos, n_neg = float(pos.sum()), float(neg.sum())
    below = (np.cumsum(neg) - neg / 2) / n_neg
    above = (n_pos - np.cumsum(pos) + pos / 2) / n_pos
    auc = min(_inner(pos, below) / n_pos, 1.0)
    size_pos, size_neg = effective(scores)
    if min(size_pos, size_neg) < 2:
        return auc, hanley_mcneil(auc, size_pos, size_neg)
    var_pos = _inner(pos, (below - auc) ** 2) / n_pos / (size_pos - 1)
    var_neg = _inner(neg, (above - auc) ** 2) / n_neg / (size_neg - 1)
    return auc, math.sqrt(var_pos + var_neg)


def hanley_mcneil(auc: float, n_pos: float, n_neg: float) -> float:
    """Standard error of an AUC from the AUC and the class sizes alone (Hanley and McNeil 1982).

    >>> round(hanley_mcneil(0.8, 50, 50), 4)
    0.0445
    """
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    top = auc * (1 - auc) + (n_pos - 1) * (q1 - auc * auc) + (n_neg - 1) * (q2 - auc * auc)
    return math.sqrt(max(top, 0.0) / (n_pos * n_neg))


def effective(scores: Scores) -> tuple[float, float]:
    """(positives, negatives) as effective rows: weights over Kish's design effect."""
    n_pos, n_neg = float(scores.positives.sum()), float(scores.negatives.sum())
    factor = (n_pos + n_neg) / scores.sum_w2 if scores.sum_w2 > 0 else 0.0
    return n_pos * factor, n_neg * factor


def precision_over_recall(scores: Scores) -> tuple[float, float]:
    """(average precision, its standard error by the infinitesimal jackknife).

    >>> scores = Scores.from_arrays([False, False, True, True], [0.1, 0.4, 0.35, 0.8])
    >>> [round(x, 4) for x in precision_over_recall(scores)]
    [0.8333, 0.18]
    """
    value, of_pos, of_neg = precision_influences(scores)
    pos, neg = scores.positives[::-1], scores.negatives[::-1]
    total = float(pos.sum() + neg.sum())
    variance = (_inner(pos, of_pos**2) + _inner(neg, of_neg**2)) * scores.sum_w2 / total
    return value, math.sqrt(max(variance, 0.0))


def precision_influences(scores: Scores) -> tuple[float, Floats, Floats]:
    """(average precision, influence of a positive, of a negative), by score from the top.

    With p positives and q negatives at each score from the top, T = cumsum p, K = T + cumsum q
    and P positives in all, AP = sum p T / (P K). The influence of a positive row at score h is
    T_h / (P K_h) - AP / P + sum over g at or below h of p_g / P (1 / K_g - T_g / K_g^2), that of
    a negative -sum p_g T_g / (P K_g^2).
    """
    pos, neg = scores.positives[::-1], scores.negatives[::-1]
    n_pos = float(pos.sum())
    true = np.cumsum(pos)
    taken = np.maximum(true + np.cumsum(neg), 1e-300)
    precision = true / taken
    value = min(_inner(pos, precision) / n_pos, 1.0)
    gain = pos / n_pos / taken
    of_pos = precision / n_pos - value / n_pos + _below(gain * (1 - precision))
    return value, of_pos, -_below(gain * precision)


def _inner(x: Floats, y: Floats) -> float:
    """Sum of products on one thread: from 10,000 scores on, BLAS would wait for all of them."""
    return float((x * y).sum())


def _below(x: Floats) -> Floats:
    """Sums over this and all lower scores."""
    found: Floats = np.cumsum(x[::-1])[::-1]
    return found


def over_classes(
    by_class: ClassScores, of: str, one: Callable[[Scores], Estimate], method: str
) -> Estimate:
    """The mean of one number over classes: even ("macro"), or weighted by rows ("weighted").

    The interval takes the classes' errors as fully correlated, which is cautious: which row has
    which scores of all classes at once is not in the counts.
    """
    of_class = list(by_class.by_class.values())
    parts = [one(scores) for scores in of_class]
    if not parts:
        return Estimate.undefined("no scores were logged", by_class.n)
    if any(part.value is None for part in parts):
        return Estimate.undefined("a class has no labelled rows, or has them all", by_class.n)
    support = np.array([float(scores.positives.sum()) for scores in of_class])
    weight = support / support.sum() if of == "weighted" else np.full(len(parts), 1 / len(parts))
    value = min(float(weight @ np.array([part.value for part in parts])), 1.0)
    se = float(weight @ np.array([part.se or 0.0 for part in parts]))
    size = min(min(effective(scores)) for scores in of_class)
    n_invalid = max(scores.n_invalid for scores in of_class)
    return logit_estimate(value, se, by_class.n, method, size=size, average=of, n_invalid=n_invalid)
