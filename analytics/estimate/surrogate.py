"""The loss that is expected of a row before its label is known, learned from rows that have one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.estimate.plan import Expected
from analytics.needs import Floats

LEAST = 50  # labelled rows from which a forest learns anything worth having
MOST = 5_000
TREES = 100
LARGEST = 1e38


@dataclass(frozen=True, slots=True)
class History:
    """Rows whose label is known: what the model saw and said of them, and what it lost."""

    features: Floats
    loss: Floats


def expected_loss(
    features: Floats, history: History | None, own: Floats | None, *, is_share: bool, seed: int = 0
) -> Expected:
    """The expected loss of each row of ``features``, and its variance.

    ``own`` is what the model's own scores expect (``own_loss``), None for a model without scores.
    A forest learns the loss of the history from features, prediction and scores (missing values
    are values); the mean of the two is taken, scaled so that it is right on average over the
    history. With fewer than 50 labelled rows ``own`` stands alone, and without it every row is
    expected alike. ``is_share`` says that a loss is 0 or 1.
    """
    learned = None
    if history is not None and len(history.loss) >= LEAST:
        learned = _forest(features, history, seed)
    found = [part for part in (own, None if learned is None else learned[0]) if part is not None]
    if not found:
        known = float(history.loss.mean()) if history is not None and len(history.loss) else 0.5
        found = [np.full(len(features), known if known > 0 else 0.5)]
    mean = np.clip(np.mean(found, axis=0), 0.0, None)
    if learned is not None and mean.mean() > 0:
        mean = mean * (learned[0].mean() / mean.mean())
    if is_share:
        mean = np.clip(mean, 0.0, 1.0)
        return Expected(mean, mean * (1 - mean))
    relative = 1.0 if learned is None else learned[1]
    return Expected(mean, relative * mean**2)


def own_loss(proba: Floats, predicted: npt.NDArray[np.intp]) -> Floats:
    """The chance of being wrong that the model's own scores give its predicted class.

    >>> own_loss(np.array([[0.7, 0.3], [0.2, 0.8]]), np.array([0, 0])).round(2).tolist()
    [0.3, 0.8]
    """
    total = np.maximum(proba.sum(axis=1), 1e-12)
    return np.asarray(1 - proba[np.arange(len(proba)), predicted] / total)


def _forest(features: Floats, history: History, seed: int) -> tuple[Floats, float]:
    """(expected losses, variance of a loss over its expectation squared, seen out of the bag)."""
    from sklearn.ensemble import RandomForestRegressor

    rng = np.random.default_rng(seed)
    rows = np.arange(len(history.loss))
    if len(rows) > MOST:
        rows = np.sort(rng.choice(rows, MOST, replace=False))
    x, y = _finite(history.features[rows]), history.loss[rows]
    model: Any = RandomForestRegressor(
        TREES, min_samples_leaf=3, max_features=1 / 3, oob_score=True, random_state=seed, n_jobs=1
    )
    model.fit(x, y)
    unseen = np.asarray(model.oob_prediction_, dtype=float)
    squared = max(float((unseen**2).mean()), 1e-12)
    relative = float(((y - unseen) ** 2).mean()) / squared
    return np.asarray(model.predict(_finite(features)), dtype=float), relative


def _finite(features: Floats) -> Floats:
    """Values that trees take: what no single precision holds is missing."""
    return np.where(np.abs(features) < LARGEST, features, np.nan)
