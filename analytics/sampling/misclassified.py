"""Rows whose label is known and that the model judged wrong, to be looked at again."""

from __future__ import annotations

import numpy as np

from analytics.errors import UsageError
from analytics.sampling.candidates import Candidates, Choice, differs, hardest, is_known


def choose(candidates: Candidates, n: int, *, seed: int = 0) -> Choice:
    """The ``n`` most confident mistakes; for numbers, the largest errors.

    Needs ``y_true`` and ``y_pred``. No row is drawn by chance: this queue corrects labels and
    models, it measures nothing.
    """
    if candidates.y_true is None or candidates.y_pred is None:
        raise UsageError(
            "The queue 'misclassified' needs labels that are known, and there are none.",
            "Only a known label shows that the model was wrong.",
            "Choose another queue, such as uncertain.",
        )
    wrong = differs(candidates.y_pred, candidates.y_true)
    sure = np.ones(candidates.n) if candidates.proba is None else candidates.proba.max(axis=1)
    scores = wrong * sure
    known = is_known(candidates.y_true)
    reasons = [
        f"the model said {said}, the label is {label}" if k else ""
        for said, label, k in zip(
            _texts(candidates.y_pred), _texts(candidates.y_true), known.tolist(), strict=True
        )
    ]
    return hardest(candidates, scores, n, reasons, seed=seed, explore=0.0)


def _texts(values: np.ndarray) -> list[str]:
    if np.issubdtype(values.dtype, np.floating):
        return [f"{v:.4g}" for v in values.tolist()]
    return [str(v) for v in values.tolist()]
