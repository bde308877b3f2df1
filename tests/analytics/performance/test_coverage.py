"""Does a 95 % interval hold the truth 95 % of the time? Simulated, with fixed seeds, at n = 500.

The truth of each metric is its value on a million rows of the same law. The band is wide, because
400 logs leave two standard errors of 2.2 points; it catches an interval that is wrong, not one
that is a little off.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from analytics.catalog import all_metrics
from analytics.core import Estimate
from analytics.needs import (
    ClassScores,
    Confusion,
    Pairs,
    Quantiles,
    Rankings,
    Ranks,
    Scores,
    Valued,
)

N, LOGS, MANY = 500, 400, 1_000_000
Key = tuple[str, str | None]
NAMES = np.array(["a", "b", "c"])


def binary(rng: np.random.Generator, n: int) -> list[Any]:
    """A miscalibrated, noisy copy of the true log odds."""
    z = rng.normal(size=n)
    truth = rng.random(n) < 1 / (1 + np.exp(1.2 - 1.5 * z))
    score = 1 / (1 + np.exp(0.8 - 1.1 * (z + 0.3 * rng.normal(size=n))))
    said = np.where(score > 0.4, "1", "0")
    confusion = Confusion.from_arrays(
        np.where(truth, "1", "0"), said, classes=("0", "1"), positive="1"
    )
    worth = Valued(confusion, {("1", "1"): 2.0, ("1", "0"): -5.0, ("0", "1"): -1.0})
    group = np.arange(n) // 8
    ranked = Rankings.from_arrays(group, truth.astype(float), score)
    return [Scores.from_arrays(truth, score), confusion, worth, ranked]


def multiclass(rng: np.random.Generator, n: int) -> list[Any]:
    """Three classes of 60, 30 and 10 %."""
    label = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    logit = rng.normal(size=(n, 3))
    logit[np.arange(n), label] += 1.5
    proba = np.exp(logit)
    proba /= proba.sum(axis=1, keepdims=True)
    parts = {c: Scores.from_arrays(label == i, proba[:, i]) for i, c in enumerate("abc")}
    said = NAMES[proba.argmax(axis=1)]
    ranks = Ranks.from_arrays(label, proba)
    confusion = Confusion.from_arrays(NAMES[label], said, classes=tuple("abc"))
    worth = Valued(confusion, {("c", "a"): -3.0, ("a", "a"): 1.0})
    return [ClassScores(parts, n), confusion, worth, ranks]


def regression(rng: np.random.Generator, n: int) -> list[Any]:
    """Skewed labels away from zero, skewed errors."""
    y = 5 + rng.gamma(4.0, 10.0, n)
    middle = y - rng.gumbel(0.0, 10.0, n)
    bounds = np.array([middle - 15, middle, middle + 20])
    quantiles = Quantiles(y, (0.1, 0.5, 0.9), bounds, np.ones(n))
    return [quantiles, Pairs.from_arrays(y, np.abs(y + rng.exponential(5.0, n) - 4))]


LAWS = {"binary": binary, "multiclass": multiclass, "regression": regression}


def answers(task: str, rng: np.random.Generator, n: int) -> dict[Key, Estimate]:
    found: dict[Key, Estimate] = {}
    for need in LAWS[task](rng, n):
        for metric in all_metrics():
            if task not in metric.tasks or metric.needs is not type(need):
                continue
            if metric.name in ("spiegelhalter_z", "top_k", "hit_rate"):  # grows with n; always 1
                continue
            kinds: list[str | None] = [None]
            if task == "multiclass" and metric.averages:
                kinds = [*metric.averages, "c"]
            for of in kinds:
                found[metric.name, of] = metric.compute(need, of=of)
    return found


@pytest.mark.parametrize("task", sorted(LAWS))
def test_intervals_hold_the_truth(task: str) -> None:
    truth = answers(task, np.random.default_rng(99), MANY)
    held: dict[Key, int] = defaultdict(int)
    for seed in range(LOGS):
        for key, found in answers(task, np.random.default_rng(seed), N).items():
            assert found.low is not None and found.high is not None
            held[key] += found.low <= (truth[key].value or 0.0) <= found.high
    covered = {key: count / LOGS for key, count in held.items()}
    assert set(covered) == set(truth)
    for (name, of), share in covered.items():
        is_cautious = name == "roc_auc" and of in ("macro", "weighted")
        is_cautious |= name == "brier_reliability"  # near nothing, where it cannot go below 0
        assert 0.92 <= share <= (1.0 if is_cautious else 0.98), (name, of, share)
