"""Every metric beside an independent implementation, on generated data, weights and edge cases.

scikit-learn is the oracle where it has the metric; elsewhere a slow one written row by row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from analytics.catalog import all_metrics
from analytics.core import Estimate, Metric
from analytics.needs import ClassScores, Confusion, Pairs, Scores

Rows = dict[str, Any]
SEEDS = range(6)


def rows(seed: int) -> Rows:
    """A log of a binary, a three-class and a regression task; with ties, and weights on odd seeds."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(40, 400))
    truth = rng.random(n) < 0.35
    truth[:2] = [True, False]
    score = np.clip(rng.normal(0.4 + 0.2 * truth, 0.25), 0.0, 1.0)
    if seed % 3 == 0:
        score = np.round(score, 1)  # many ties
    if seed % 3 == 1:
        score[5:9] = [0.0, 1.0, 0.0, 1.0]  # certain, and sometimes wrong
    classes = np.array(["a", "b", "c"])
    label = classes[rng.integers(0, 3, n)]
    label[:3] = classes
    proba = rng.dirichlet([1, 1, 1], n)
    y = rng.gamma(2.0, 10.0, n)
    return {
        "truth": truth,
        "score": score,
        "said": score >= 0.5,
        "label": label,
        "predicted": np.where(rng.random(n) < 0.6, label, classes[rng.integers(0, 3, n)]),
        "proba": proba,
        "y": y,
        "y_hat": np.abs(y + rng.normal(0, 5, n)),
        "w": rng.uniform(0.5, 4.0, n) if seed % 2 else np.ones(n),
    }


def text(flags: Any) -> Any:
    return np.where(flags, "1", "0")


def need_of(metric: Metric, r: Rows) -> Any:
    if metric.needs is Pairs:
        return Pairs.from_arrays(r["y"], r["y_hat"], sample_weight=r["w"])
    if metric.needs is Scores:
        return Scores.from_arrays(r["truth"], r["score"], sample_weight=r["w"])
    if metric.needs is ClassScores:
        parts = {
            c: Scores.from_arrays(r["label"] == c, r["proba"][:, i], sample_weight=r["w"])
            for i, c in enumerate("abc")
        }
        return ClassScores(parts, len(r["w"]))
    return Confusion.from_arrays(
        text(r["truth"]), text(r["said"]), sample_weight=r["w"], positive="1"
    )


def by_class(r: Rows) -> Confusion:
    return Confusion.from_arrays(r["label"], r["predicted"], sample_weight=r["w"])


def two(function: Callable[..., float]) -> Callable[[Rows], float]:
    return lambda r: function(r["truth"], r["said"], sample_weight=r["w"])


def scored(function: Callable[..., float]) -> Callable[[Rows], float]:
    return lambda r: function(r["truth"], r["score"], sample_weight=r["w"])


def paired(function: Callable[..., float]) -> Callable[[Rows], float]:
    return lambda r: function(r["y"], r["y_hat"], sample_weight=r["w"])


def slow_ece(r: Rows) -> float:
    """Row by row: groups of tied scores go to the bin of their middle weight."""
    total, seen, bins = float(sum(r["w"])), 0.0, {}
    for s in sorted(set(r["score"].tolist())):
        tied = [i for i in range(len(r["w"])) if r["score"][i] == s]
        weight = float(sum(r["w"][i] for i in tied))
        b = min(int((seen + weight / 2) / total * 15), 14)
        seen += weight
        bins.setdefault(b, []).extend(tied)
    gaps = 0.0
    for members in bins.values():
        w = sum(r["w"][i] for i in members)
        mean = sum(r["w"][i] * r["score"][i] for i in members) / w
        rate = sum(r["w"][i] * r["truth"][i] for i in members) / w
        gaps += w / total * abs(mean - rate)
    return float(gaps)


def weighted_mean(values: Any, w: Any) -> float:
    return float(sum(v * x for v, x in zip(values, w, strict=True)) / sum(w))


def weighted_median(r: Rows) -> float:
    losses = sorted(zip(np.abs(r["y"] - r["y_hat"]), r["w"], strict=True))
    if len(set(r["w"].tolist())) == 1:
        return float(np.median([loss for loss, _w in losses]))
    seen, half = 0.0, sum(r["w"]) / 2
    for loss, w in losses:
        seen += w
        if seen >= half:
            return float(loss)
    raise AssertionError


def kinds(function: Callable[..., float]) -> dict[str, Callable[[Rows], float]]:
    """The multiclass averages of a scikit-learn metric."""
    return {
        average: lambda r, average=average: function(
            r["label"], r["predicted"], sample_weight=r["w"], average=average, zero_division=0
        )
        for average in ("macro", "micro", "weighted")
    }


def slow_specificity(r: Rows, average: str) -> float:
    values, support, hits, total = [], [], 0.0, 0.0
    for c in "abc":
        other = r["label"] != c
        right = float(r["w"][other & (r["predicted"] != c)].sum())
        values.append(right / float(r["w"][other].sum()))
        support.append(float(r["w"][~other].sum()))
        hits, total = hits + right, total + float(r["w"][other].sum())
    if average == "micro":
        return hits / total
    return float(np.average(values, weights=support if average == "weighted" else None))


ORACLES: dict[str, Callable[[Rows], float]] = {
    "accuracy": two(sk.accuracy_score),
    "precision": two(sk.precision_score),
    "recall": two(sk.recall_score),
    "f1": two(sk.f1_score),
    "specificity": lambda r: sk.recall_score(~r["truth"], ~r["said"], sample_weight=r["w"]),
    "balanced_accuracy": two(sk.balanced_accuracy_score),
    "mcc": two(sk.matthews_corrcoef),
    "positive_rate": lambda r: weighted_mean(r["said"], r["w"]),
    "mean_score": lambda r: weighted_mean(r["score"], r["w"]),
    "roc_auc": scored(sk.roc_auc_score),
    "average_precision": scored(sk.average_precision_score),
    "log_loss": scored(sk.log_loss),
    "brier": scored(sk.brier_score_loss),
    "ece": slow_ece,
    "mean_error": lambda r: weighted_mean(r["y_hat"] - r["y"], r["w"]),
    "mae": paired(sk.mean_absolute_error),
    "mse": paired(sk.mean_squared_error),
    "rmse": paired(sk.root_mean_squared_error),
    "rmsle": paired(sk.root_mean_squared_log_error),
    "mape": paired(sk.mean_absolute_percentage_error),
    "smape": lambda r: weighted_mean(
        [2 * abs(a - b) / (abs(a) + abs(b)) for a, b in zip(r["y"], r["y_hat"], strict=True)],
        r["w"],
    ),
    "median_ae": weighted_median,
    "r2": paired(sk.r2_score),
}
AVERAGED: dict[str, dict[str, Callable[[Rows], float]]] = {
    "precision": kinds(sk.precision_score),
    "recall": kinds(sk.recall_score),
    "f1": kinds(sk.f1_score),
    "specificity": {
        a: lambda r, a=a: slow_specificity(r, a) for a in ("macro", "micro", "weighted")
    },
    "roc_auc": {
        a: lambda r, a=a: sk.roc_auc_score(
            r["label"],
            r["proba"],
            sample_weight=r["w"] if a == "macro" else None,
            multi_class="ovr",
            average=a,
        )
        for a in ("macro", "weighted")
    },
}


def test_no_metric_is_missing_from_the_table() -> None:
    assert {m.name for m in all_metrics()} == set(ORACLES)
    assert {m.name for m in all_metrics() if m.averages} == set(AVERAGED)


def declared(name: str, task: str) -> Metric:
    return next(m for m in all_metrics() if m.name == name and task in m.tasks)


def task_of(name: str) -> str:
    tasks = {t for m in all_metrics() if m.name == name for t in m.tasks}
    return "binary" if "binary" in tasks else "regression"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", sorted(ORACLES))
def test_values_equal_the_oracle(name: str, seed: int) -> None:
    r = rows(seed)
    metric = declared(name, task_of(name))
    found = metric.compute(need_of(metric, r), of="1" if task_of(name) == "binary" else None)
    assert found.value == pytest.approx(ORACLES[name](r), rel=1e-9, abs=1e-12)
    assert found.low is not None and found.high is not None and found.interval
    assert found.low <= found.value <= found.high
    assert found.n == len(r["w"])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "average"), [(n, a) for n, d in AVERAGED.items() for a in d])
def test_averages_equal_the_oracle(name: str, average: str, seed: int) -> None:
    r = rows(seed)
    if name == "roc_auc" and average == "weighted":
        r["w"] = np.ones(len(r["w"]))  # scikit-learn weighs classes by rows, not by weight
    metric = declared(name, "multiclass")
    need = by_class(r) if metric.needs is Confusion else need_of(metric, r)
    found = metric.compute(need, of=average)
    assert found.value == pytest.approx(AVERAGED[name][average](r), rel=1e-9, abs=1e-12)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("seed", SEEDS)
def test_multiclass_scores_equal_the_oracle(seed: int) -> None:
    r = rows(seed)
    plain = [("accuracy", sk.accuracy_score), ("balanced_accuracy", sk.balanced_accuracy_score)]
    for name, oracle in [*plain, ("mcc", sk.matthews_corrcoef)]:
        found = declared(name, "multiclass").compute(by_class(r), of=None)
        expected = oracle(r["label"], r["predicted"], sample_weight=r["w"])
        assert found.value == pytest.approx(expected, rel=1e-9)
    loss = declared("log_loss", "multiclass")
    expected = sk.log_loss(r["label"], r["proba"], sample_weight=r["w"], labels=list("abc"))
    assert loss.compute(need_of(loss, r), of=None).value == pytest.approx(expected, rel=1e-9)


def slow_delong(truth: Any, score: Any) -> tuple[float, float]:
    """DeLong's variance from every pair of rows."""
    pos, neg = score[truth], score[~truth]
    pairs = (pos[:, None] > neg[None, :]) + 0.5 * (pos[:, None] == neg[None, :])
    v10, v01 = pairs.mean(axis=1), pairs.mean(axis=0)
    return float(pairs.mean()), math.sqrt(v10.var(ddof=1) / len(pos) + v01.var(ddof=1) / len(neg))


@pytest.mark.parametrize("seed", SEEDS)
def test_delong_from_counts_is_delong_from_pairs(seed: int) -> None:
    r = rows(seed)
    found = declared("roc_auc", "binary").compute(
        Scores.from_arrays(r["truth"], r["score"]), of="1"
    )
    value, se = slow_delong(r["truth"], r["score"])
    assert (found.value, found.se) == (pytest.approx(value), pytest.approx(se))


EDGES: dict[str, Rows] = {
    "empty": {
        k: np.array([], dtype=t)
        for k, t in [
            ("truth", bool),
            ("said", bool),
            ("score", float),
            ("y", float),
            ("y_hat", float),
            ("w", float),
        ]
    },
    "one row": {
        "truth": np.array([True]),
        "said": np.array([True]),
        "score": np.array([0.5]),
        "y": np.array([1.0]),
        "y_hat": np.array([2.0]),
        "w": np.ones(1),
    },
    "one class": {
        "truth": np.ones(50, bool),
        "said": np.ones(50, bool),
        "score": np.linspace(0, 1, 50),
        "y": np.ones(50),
        "y_hat": np.ones(50),
        "w": np.ones(50),
    },
    "constant score": {
        "truth": np.arange(50) % 2 == 0,
        "said": np.zeros(50, bool),
        "score": np.full(50, 0.3),
        "y": np.zeros(50),
        "y_hat": np.zeros(50),
        "w": np.ones(50),
    },
    "not finite": {
        "truth": np.arange(50) % 2 == 0,
        "said": np.arange(50) % 3 == 0,
        "score": np.array([np.nan, np.inf, -np.inf] + [0.2, 0.8] * 23 + [0.5]),
        "y": np.array([np.nan, np.inf] + [1.0, 2.0] * 24),
        "y_hat": np.array([1.0, 1.0] + [1.5] * 48),
        "w": np.ones(50),
    },
}


@pytest.mark.parametrize("edge", sorted(EDGES))
@pytest.mark.parametrize("name", sorted(ORACLES))
def test_edges_give_a_number_or_a_reason(name: str, edge: str) -> None:
    metric = declared(name, task_of(name))
    found: Estimate = metric.compute(
        need_of(metric, EDGES[edge]), of="1" if task_of(name) == "binary" else None
    )
    if found.value is None:
        assert found.reason
        assert found.low is None
    else:
        assert math.isfinite(found.value)
        assert found.low is not None and found.high is not None
        assert math.isfinite(found.low) and math.isfinite(found.high)
        assert found.low <= found.value <= found.high
    if edge == "empty":
        assert found.value is None


def test_scores_that_are_not_finite_are_counted() -> None:
    r = EDGES["not finite"]
    found = declared("roc_auc", "binary").compute(need_of(declared("roc_auc", "binary"), r), of="1")
    assert found.detail["n_invalid"] == 3
    assert found.n == 47
