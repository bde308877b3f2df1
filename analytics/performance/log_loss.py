"""Log loss: how surprised the model's probabilities are by the labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import ClassScores, Scores
from analytics.stats.calibration import NOT_PROBABILITIES, are_probabilities
from analytics.stats.intervals import mean_loss, mean_of_groups

EPS = float(np.finfo(np.float64).eps)


def log_loss(scores: Scores, of: str | None = None) -> Estimate:
    """Mean of -ln(probability given to the label), in nats; probabilities clipped at 2.2e-16.

    >>> round(log_loss(Scores.from_arrays([True, False], [0.9, 0.2])).value, 6)
    0.164252
    """
    if not are_probabilities(scores):
        return Estimate.undefined(NOT_PROBABILITIES, scores.n)
    p = np.clip(scores.score, EPS, 1 - EPS)
    return mean_loss(scores, -np.log(p), -np.log1p(-p))


def log_loss_by_class(by_class: ClassScores, of: str | None = None) -> Estimate:
    """Mean of -ln(probability given to the row's own class), as it was logged.

    scikit-learn scales rows whose probabilities do not sum to one; here they count as they are.
    """
    parts = list(by_class.by_class.values())
    if not parts:
        return Estimate.undefined("no scores were logged", by_class.n)
    if not all(are_probabilities(scores) for scores in parts):
        return Estimate.undefined(NOT_PROBABILITIES, by_class.n)
    own = [(-np.log(np.clip(s.score, EPS, 1 - EPS)), s.positives) for s in parts]
    sum_w2, n_invalid = max(s.sum_w2 for s in parts), max(s.n_invalid for s in parts)
    found = mean_of_groups(own, sum_w2, by_class.n, n_invalid)
    if found.value is None or found.low is None:
        return found
    return replace(found, low=min(max(found.low, 0.0), found.value))


_MEANING = (
    "How surprised the model is by the labels: the mean of minus the logarithm of the probability"
    " it gave them. It punishes confident mistakes hard: one certain miss costs 36."
)

METRIC = Metric(
    name="log_loss",
    label="Log loss",
    tasks=("binary",),
    needs=Scores,
    compute=log_loss,
    better="lower",
    unit="nats",
    meaning=_MEANING,
    source="scikit-learn log_loss; interval: skew-corrected t (Hall 1992)",
    is_default=False,
    tolerance=(0.1, 0.2),
)

MULTICLASS = Metric(
    name="log_loss",
    label="Log loss",
    tasks=("multiclass",),
    needs=ClassScores,
    compute=log_loss_by_class,
    better="lower",
    unit="nats",
    meaning=_MEANING,
    source="scikit-learn log_loss; interval: skew-corrected t (Hall 1992)",
    is_default=False,
    tolerance=(0.1, 0.2),
)
