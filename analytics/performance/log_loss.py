"""Log loss: how surprised the model's probabilities are by the labels."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import ClassScores, Floats, Scores
from analytics.stats.intervals import normal_estimate

EPS = float(np.finfo(np.float64).eps)


def log_loss(scores: Scores, of: str | None = None) -> Estimate:
    """Mean of -ln(probability given to the label), in nats; probabilities clipped at 2.2e-16.

    >>> round(log_loss(Scores.from_arrays([True, False], [0.9, 0.2])).value, 6)
    0.164252
    """
    p = np.clip(scores.score, EPS, 1 - EPS)
    return _mean([(-np.log(p), scores.positives), (-np.log1p(-p), scores.negatives)], scores)


def log_loss_by_class(by_class: ClassScores, of: str | None = None) -> Estimate:
    """Mean of -ln(probability given to the row's own class)."""
    parts = [
        (-np.log(np.clip(s.score, EPS, 1 - EPS)), s.positives) for s in by_class.by_class.values()
    ]
    if not parts:
        return Estimate.undefined("no scores were logged")
    return _mean(parts, next(iter(by_class.by_class.values())))


def _mean(parts: list[tuple[Floats, Floats]], scores: Scores) -> Estimate:
    total = sum(float(weight.sum()) for _loss, weight in parts)
    if total <= 0:
        return Estimate.undefined("no labelled rows")
    mean = sum(float(loss @ weight) for loss, weight in parts) / total
    spread = sum(float((loss - mean) ** 2 @ weight) for loss, weight in parts) / total
    n = total * total / scores.sum_w2
    se = math.sqrt(spread / max(n - 1, 1))
    return normal_estimate(mean, se, scores.n, n_invalid=scores.n_invalid)


_MEANING = (
    "How surprised the model is by the labels: the mean of minus the logarithm of the probability"
    " it gave them. It punishes confident mistakes hard."
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
    source="scikit-learn log_loss; interval: normal",
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
    source="scikit-learn log_loss; interval: normal",
    is_default=False,
    tolerance=(0.1, 0.2),
)
