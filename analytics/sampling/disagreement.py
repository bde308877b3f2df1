"""Rows on which versions of the model disagree, or users disagreed with it."""

from __future__ import annotations

import numpy as np

from analytics.sampling.candidates import (
    EXPLORE,
    Candidates,
    Choice,
    differs,
    hardest,
    is_known,
    lacks,
)


def choose(candidates: Candidates, n: int, *, seed: int = 0, explore: float = EXPLORE) -> Choice:
    """The ``n`` rows with the most disagreement with the prediction.

    The score is the share of other versions that answered otherwise (for numbers: their mean
    distance), plus 1 (for numbers: the distance) where a user said something else. Needs
    ``y_pred`` and ``others`` or ``feedback``. Query by committee: Seung and others (1992).
    """
    said = candidates.y_pred
    if said is None or (not candidates.others and candidates.feedback is None):
        raise lacks(
            "disagreement",
            "another version's answers on the same rows, or users' feedback",
            "Log what another version would have said, or choose the queue uncertain.",
        )
    scores, reasons = np.zeros(candidates.n), [""] * candidates.n
    if candidates.others:
        seen = np.sum([is_known(other) for other in candidates.others], axis=0)
        apart = np.sum([differs(said, other) for other in candidates.others], axis=0)
        scores = scores + apart / np.maximum(seen, 1)
        reasons = ["versions disagree" if a > 0 else "" for a in apart.tolist()]
    if candidates.feedback is not None:
        told = differs(said, candidates.feedback)
        scores = scores + told
        reasons = [
            "a user said otherwise" if t > 0 else r
            for t, r in zip(told.tolist(), reasons, strict=True)
        ]
    return hardest(candidates, scores, n, reasons, seed=seed, explore=explore)
