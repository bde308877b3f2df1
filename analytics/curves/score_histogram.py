"""Scores by label: how well the two classes are told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.needs import Floats, Scores


@dataclass(frozen=True, slots=True)
class ScoreHistogram:
    """Shared edges, and the share of positives and of negatives in each bin (each sums to 1)."""

    edges: Floats
    positives: Floats
    negatives: Floats


def score_histogram(scores: Scores, n_bins: int = 40) -> ScoreHistogram | None:
    """Histogram of the scores of both classes over [0, 1], or over their range if it is wider.

    >>> score_histogram(Scores.from_arrays([True, False], [0.9, 0.1]), 2).positives.tolist()
    [0.0, 1.0]
    """
    if len(scores.score) == 0:
        return None
    low, high = min(0.0, float(scores.score[0])), max(1.0, float(scores.score[-1]))
    part = np.linspace(0.0, 1.0, n_bins + 1)
    edges = low * (1 - part) + high * part
    shares = []
    for weight in (scores.positives, scores.negatives):
        counts, _edges = np.histogram(scores.score, edges, weights=weight)
        shares.append(counts / max(float(counts.sum()), 1e-300))
    return ScoreHistogram(edges, shares[0], shares[1])
