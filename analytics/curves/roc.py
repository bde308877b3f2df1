"""The ROC curve: share of positives found against share of negatives disturbed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.curves.thin import keep
from analytics.needs import Floats, Scores


@dataclass(frozen=True, slots=True)
class Roc:
    """False and true positive rate from (0, 0) to (1, 1), and the score of each step (first: inf)."""

    false_rate: Floats
    true_rate: Floats
    threshold: Floats


def roc(scores: Scores) -> Roc | None:
    """The curve at every distinct score, thinned; None with one class only.

    >>> curve = roc(Scores.from_arrays([False, True], [0.2, 0.8]))
    >>> curve.true_rate.tolist(), curve.false_rate.tolist()
    ([0.0, 1.0, 1.0], [0.0, 0.0, 1.0])
    """
    n_pos, n_neg = float(scores.positives.sum()), float(scores.negatives.sum())
    if n_pos <= 0 or n_neg <= 0:
        return None
    true = np.concatenate([[0.0], np.cumsum(scores.positives[::-1]) / n_pos])
    false = np.concatenate([[0.0], np.cumsum(scores.negatives[::-1]) / n_neg])
    threshold = np.concatenate([[np.inf], scores.score[::-1]])
    at = keep(false, true)
    return Roc(false[at], true[at], threshold[at])
