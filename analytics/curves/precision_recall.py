"""The precision-recall curve: how clean the top of the ranking is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.curves.thin import keep
from analytics.needs import Floats, Scores


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """Recall and precision from the highest score down; ``base_rate`` is a useless model's precision."""

    recall: Floats
    precision: Floats
    threshold: Floats
    base_rate: float


def precision_recall(scores: Scores) -> PrecisionRecall | None:
    """The curve at every distinct score, thinned; None without positives.

    >>> precision_recall(Scores.from_arrays([False, True], [0.2, 0.8])).precision.tolist()
    [1.0, 0.5]
    """
    n_pos = float(scores.positives.sum())
    if n_pos <= 0:
        return None
    found = np.cumsum(scores.positives[::-1])
    taken = found + np.cumsum(scores.negatives[::-1])
    recall, precision = found / n_pos, found / np.maximum(taken, 1e-300)
    at = keep(recall, precision)
    base_rate = n_pos / float(taken[-1])
    return PrecisionRecall(recall[at], precision[at], scores.score[::-1][at], base_rate)
