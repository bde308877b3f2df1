"""Rows on which the model is least sure."""

from __future__ import annotations

from typing import Literal

import numpy as np

from analytics.needs import Floats
from analytics.sampling.candidates import EXPLORE, Candidates, Choice, hardest, lacks

Measure = Literal["margin", "least_confidence", "entropy"]


def choose(
    candidates: Candidates,
    n: int,
    *,
    measure: Measure = "margin",
    seed: int = 0,
    explore: float = EXPLORE,
) -> Choice:
    """The ``n`` rows with the smallest margin between the two likeliest classes (or by ``measure``).

    Needs ``proba``. Settles (2009), section 3.1.
    """
    if candidates.proba is None:
        raise lacks("uncertain", "a score a class", "Choose another queue, such as diverse.")
    scores = uncertainty(candidates.proba, measure)
    reasons = [f"{_WORDS[measure]} {_shown(s, measure):.2f}" for s in scores.tolist()]
    return hardest(candidates, scores, n, reasons, seed=seed, explore=explore)


_WORDS = {
    "margin": "margin",
    "least_confidence": "highest score",
    "entropy": "entropy",
}


def _shown(score: float, measure: Measure) -> float:
    return score if measure == "entropy" else 1 - score


def uncertainty(proba: Floats, measure: Measure = "margin") -> Floats:
    """How unsure each row is, higher is less sure.

    Margin: 1 - (likeliest - second); least confidence: 1 - likeliest; entropy in nats.

    >>> p = np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]])
    >>> uncertainty(p).tolist(), uncertainty(p, "least_confidence").tolist()
    ([0.75, 0.0], [0.5, 0.0])
    >>> uncertainty(p, "entropy").round(4).tolist()
    [1.0397, 0.0]
    """
    if measure == "entropy":
        safe = np.where(proba > 0, proba, 1.0)
        entropy: Floats = np.abs(-(proba * np.log(safe)).sum(axis=1))
        return entropy
    ranked = np.sort(proba, axis=1)
    first = ranked[:, -1]
    if measure == "least_confidence":
        return np.asarray(1 - first, dtype=float)
    second = ranked[:, -2] if proba.shape[1] > 1 else 1 - first
    return np.asarray(1 - (first - second), dtype=float)
