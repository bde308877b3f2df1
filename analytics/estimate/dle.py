"""DLE: the loss of a regression before labels come, learned on the reference from what the model saw.

Gradient-boosted trees learn each row's loss from the features and the prediction; the estimate is
the mean of what they expect of the rows of now. It assumes no concept drift: that rows like these
still lose what they lost.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Floats
from analytics.stats.intervals import Z95

MIN_ROWS = 30
FOLDS, BLOCKS = 3, 20
EPS = float(np.finfo(np.float64).eps)
INTERVAL = "learned losses, out-of-fold error"
DETAIL = {"method": "dle", "assumes": "no concept drift"}


def _squared(y: Floats, p: Floats) -> Floats:
    return np.asarray((p - y) ** 2)


def _logged(y: Floats, p: Floats) -> Floats:
    return np.asarray((np.log1p(p) - np.log1p(y)) ** 2)


def _relative(y: Floats, p: Floats) -> Floats:
    return np.asarray(np.abs(p - y) / np.maximum(np.abs(y), EPS))


def _both(y: Floats, p: Floats) -> Floats:
    scale = np.abs(y) + np.abs(p)
    found: Floats = np.divide(2 * np.abs(p - y), scale, out=np.zeros(len(y)), where=scale > 0)
    return found


Loss = Callable[[Floats, Floats], Floats]
LOSSES: dict[str, Loss] = {
    "mae": lambda y, p: np.asarray(np.abs(p - y)),
    "mse": _squared,
    "rmse": _squared,
    "rmsle": _logged,
    "mape": _relative,
    "smape": _both,
}
ROOTS = ("rmse", "rmsle")


@dataclass(frozen=True, slots=True)
class Learned:
    """The learner of one loss, and how far it is off on rows that it has not seen.

    ``relative`` is the variance of a loss over its squared expectation, ``drifts`` the variance
    with which the mean of a stretch of time is off beyond what chance explains.
    """

    model: Any
    relative: float
    drifts: float
    n: int


def learner() -> Any:
    """What learns losses: scikit-learn's gradient boosting, kept small, with a fixed seed."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        max_iter=60, max_leaf_nodes=15, early_stopping=False, random_state=0
    )


def learn(x: Floats, loss: Floats) -> Learned:
    """Learn the losses of rows in order of time; folds are stretches of time.

    On one thread: several that wait for each other on a busy machine take many times as long.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return _learn(x, loss)


def _learn(x: Floats, loss: Floats) -> Learned:
    unseen = np.empty(len(loss))
    for test in np.array_split(np.arange(len(loss)), FOLDS):
        train = np.setdiff1d(np.arange(len(loss)), test)
        unseen[test] = learner().fit(x[train], loss[train]).predict(x[test])
    wrong = loss - unseen
    blocks = np.array_split(wrong, BLOCKS)
    by_chance = float(np.mean([b.var() / max(len(b), 1) for b in blocks]))
    drifts = max(float(np.mean([b.mean() ** 2 for b in blocks])) - by_chance, 0.0)
    relative = float((wrong**2).mean()) / max(float((unseen**2).mean()), 1e-300)
    return Learned(learner().fit(x, loss), relative, drifts, len(loss))


def estimated_by_losses(metric: Metric) -> bool:
    """Whether the metric is a mean over the rows of a regression."""
    return "regression" in metric.tasks and metric.name in LOSSES


def dle(metric: Metric, learned: Learned, x: Floats) -> Estimate:
    """The metric as it is expected of these rows; ``detail.assumes`` says on what it rests."""
    from threadpoolctl import threadpool_limits

    if len(x) < MIN_ROWS:
        reason = f"too few rows ({len(x)}, at least {MIN_ROWS})"
        return replace(Estimate.undefined(reason, len(x)), detail=DETAIL)
    with threadpool_limits(1):
        expected = np.asarray(learned.model.predict(x), dtype=float)
    value = max(float(expected.mean()), 0.0)
    if not math.isfinite(value):
        return replace(Estimate.undefined("it has no expected value", len(x)), detail=DETAIL)
    by_chance = learned.relative * float((expected**2).sum()) / len(x) ** 2
    se = math.sqrt(by_chance + learned.drifts)
    low, high = max(value - Z95 * se, 0.0), value + Z95 * se
    detail = {**DETAIL, "n_learned": learned.n}
    if metric.name in ROOTS:
        root = math.sqrt(value)
        se = se / (2 * root) if root > 0 else 0.0
        value, low, high = root, math.sqrt(low), math.sqrt(high)
    return Estimate(value, low, high, INTERVAL, len(x), se, detail=detail)
