"""What a model leans on, by a surrogate of its own predictions, and whether that has shifted.

Nobody hands over the model, but its log holds what it saw and what it said. Small gradient-boosted
trees learn to say the same; a column matters as much as they get worse when its values are dealt
anew among unseen rows (permutation importance, Breiman 2001; Fisher, Rudin and Dominici 2019). Both
sides are cut into as many groups of as many rows, each with a surrogate of its own, so the groups of
a side are independent and equally hard to learn: shares of importance are compared by Welch's t.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.core import Estimate
from analytics.needs import Floats
from analytics.stats.intervals import t_quantile

GROUPS, FOLDS, REPEATS = 8, 2, 2
MOST, LEAST = 1_000, 150  # rows of a group
TOLERANCE = (0.1, 0.25)  # of all importance, that a column must gain or lose to matter
INTERVAL = "Welch's t over groups of rows"
Step = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Said:
    """What a model saw and what it said of each row: numbers, or classes as codes."""

    x: Floats
    said: Floats
    is_class: bool


def rows_of_group(n_then: int, n_now: int) -> int:
    """Rows of each group, the same on both sides; 0 where a side has too few for any.

    >>> rows_of_group(50_000, 4_000), rows_of_group(1_199, 50_000)
    (500, 0)
    """
    size = min(n_then, n_now) // GROUPS
    return min(size, MOST) if size >= LEAST else 0


def lean_shift(
    then: Said, now: Said, is_category: tuple[bool, ...], step: Step = lambda _share: None
) -> list[Estimate]:
    """The share of importance of each column now, beside then; ``detail`` has the change and its p.

    ``step`` is called between groups with the share that is done; it may raise to stop.
    """
    size = rows_of_group(len(then.x), len(now.x))
    if not size:
        n = min(len(then.x), len(now.x))
        reason = f"too few rows ({n}, at least {GROUPS * LEAST} on either side)"
        return [Estimate.undefined(reason, len(now.x)) for _column in is_category]
    shares = []
    for side, one in enumerate((then, now)):
        order = np.random.default_rng(side).permutation(len(one.x))
        found = []
        for k in range(GROUPS):
            step((side * GROUPS + k) / (2 * GROUPS))
            at = order[k * size : (k + 1) * size]
            found.append(shares_of(Said(one.x[at], one.said[at], one.is_class), is_category, k))
        shares.append(np.array(found))
    return [_compare(shares[0][:, j], shares[1][:, j], len(now.x)) for j in range(len(is_category))]


def shares_of(rows: Said, is_category: tuple[bool, ...], seed: int = 0) -> Floats:
    """The share of each column in the surrogate's importance, all zero where it learns nothing.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(600, 2))
    >>> found = shares_of(Said(x, x[:, 0], False), (False, False))
    >>> bool(found[0] > 0.98), round(float(found.sum()), 9)
    (True, 1.0)
    """
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng([seed, 7])
    folds = rng.permutation(len(rows.x)) % FOLDS
    total = np.zeros(rows.x.shape[1])
    with threadpool_limits(1):
        for k in range(FOLDS):
            train, test = folds != k, folds == k
            if rows.is_class and len(np.unique(rows.said[train])) < 2:
                continue
            model = _surrogate(rows.is_class, is_category).fit(rows.x[train], rows.said[train])
            total += _importance(model, Said(rows.x[test], rows.said[test], rows.is_class), rng)
    total = np.maximum(total, 0.0)
    return np.asarray(total / total.sum() if total.sum() > 0 else total)


def _surrogate(is_class: bool, is_category: tuple[bool, ...]) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    make = HistGradientBoostingClassifier if is_class else HistGradientBoostingRegressor
    return make(
        max_iter=30, max_leaf_nodes=8, min_samples_leaf=10, learning_rate=0.2, random_state=0,
        categorical_features=list(is_category) if any(is_category) else None, early_stopping=False,
    )  # fmt: skip


def _importance(model: Any, rows: Said, rng: np.random.Generator) -> Floats:
    """How much worse unseen rows are told when a column is dealt anew: all columns in one go."""
    n, width = rows.x.shape
    dealt = np.tile(rows.x, (1 + width * REPEATS, 1)).reshape(-1, n, width)
    for j in range(width):
        for repeat in range(REPEATS):
            dealt[1 + j * REPEATS + repeat, :, j] = rng.permutation(rows.x[:, j])
    loss = _losses(model, dealt.reshape(-1, width), np.tile(rows.said, len(dealt)), rows.is_class)
    means = loss.reshape(len(dealt), n).mean(axis=1)
    return np.asarray(means[1:].reshape(width, REPEATS).mean(axis=1) - means[0])


def _losses(model: Any, x: Floats, said: Floats, is_class: bool) -> Floats:
    if not is_class:
        return np.asarray((model.predict(x) - said) ** 2)
    chance = np.clip(model.predict_proba(x), 1e-6, 1.0)
    place = np.minimum(np.searchsorted(model.classes_, said), len(model.classes_) - 1)
    known = model.classes_[place] == said
    return np.asarray(-np.log(np.where(known, chance[np.arange(len(x)), place], 1e-6)))


def _compare(then: Floats, now: Floats, n: int) -> Estimate:
    from scipy.special import stdtr, stdtrit

    k = len(now)
    parts = [float(side.var(ddof=1)) / k for side in (then, now)]
    value, before = float(now.mean()), float(then.mean())
    change, se = value - before, math.sqrt(sum(parts))
    df = sum(parts) ** 2 / max(sum(p**2 for p in parts) / (k - 1), 1e-300) if se else 2.0 * (k - 1)
    p_value = float(2 * stdtr(df, -abs(change) / se)) if se else float(change == 0)
    reach = float(stdtrit(df, 0.975)) * se
    half = t_quantile(k - 1) * math.sqrt(parts[1])
    floor = se * math.sqrt(2 / math.pi)
    detail = {
        "reference": before, "change": change, "change_low": change - reach,
        "change_high": change + reach, "p_value": p_value, "n_groups": k,
        "above_floor": max(0.0, abs(change) - floor),
    }  # fmt: skip
    ends = max(value - half, 0.0), min(value + half, 1.0)
    return Estimate(value, *ends, INTERVAL, n, math.sqrt(parts[1]), detail=detail)


def codes_of(said: Iterable[Any], classes: Sequence[str]) -> npt.NDArray[np.float64]:
    """Classes as numbers in their order; one that is not among them is NaN.

    >>> codes_of(["b", "a", "x"], ("a", "b")).tolist()
    [1.0, 0.0, nan]
    """
    place = {c: float(i) for i, c in enumerate(classes)}
    return np.array([place.get(str(c), math.nan) for c in said])
