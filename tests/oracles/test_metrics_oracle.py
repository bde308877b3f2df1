"""Every metric beside an independent implementation, on generated data, weights and edge cases.

scikit-learn is the oracle where it has the metric; elsewhere a slow one written row by row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from analytics import performance
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
    "median_ae": paired(sk.median_absolute_error),
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
            sample_weight=r["w"],
            multi_class="ovr",
            average=a,
        )
        for a in ("macro", "weighted")
    },
}


# The multiclass value without an average: the whole, or (for per-class metrics) that of class "c".
WHOLE: dict[str, Callable[[Rows], float]] = {
    "accuracy": lambda r: sk.accuracy_score(r["label"], r["predicted"], sample_weight=r["w"]),
    "balanced_accuracy": lambda r: sk.balanced_accuracy_score(
        r["label"], r["predicted"], sample_weight=r["w"]
    ),
    "mcc": lambda r: sk.matthews_corrcoef(r["label"], r["predicted"], sample_weight=r["w"]),
    "log_loss": lambda r: sk.log_loss(
        r["label"], r["proba"], sample_weight=r["w"], labels=list("abc")
    ),
}
OF_C: dict[str, Callable[[Rows], float]] = {
    "precision": lambda r: of_c(sk.precision_score, r),
    "recall": lambda r: of_c(sk.recall_score, r),
    "f1": lambda r: of_c(sk.f1_score, r),
    "specificity": lambda r: sk.recall_score(
        r["label"] != "c", r["predicted"] != "c", sample_weight=r["w"]
    ),
    "roc_auc": lambda r: sk.roc_auc_score(
        r["label"] == "c", r["proba"][:, 2], sample_weight=r["w"]
    ),
}


def of_c(function: Callable[..., float], r: Rows) -> float:
    return function(r["label"] == "c", r["predicted"] == "c", sample_weight=r["w"])


def names(task: str, *, per_class: bool | None = None, averaged: bool | None = None) -> set[str]:
    return {
        m.name
        for m in all_metrics()
        if task in m.tasks
        and (per_class is None or m.per_class == per_class)
        and (averaged is None or bool(m.averages) == averaged)
    }


def test_no_metric_is_missing_from_the_table() -> None:
    files = {
        path.stem for path in Path(performance.__path__[0]).glob("*.py") if path.stem != "__init__"
    }
    assert files == {m.name for m in all_metrics()} == set(ORACLES)
    assert names("multiclass", averaged=True) == set(AVERAGED)
    assert names("multiclass", per_class=True) == set(OF_C)
    assert names("multiclass", per_class=False) == set(WHOLE)
    for metric in all_metrics():
        assert set(metric.averages) == set(AVERAGED.get(metric.name, {})) or not metric.averages


def test_every_declaration_says_what_it_cannot_tell_and_where_it_comes_from() -> None:
    for metric in all_metrics():
        assert metric.meaning.endswith(".") and len(metric.meaning.split()) > 12, metric.name
        assert "interval:" in metric.source, metric.name
        warning, critical = metric.tolerance
        assert 0 < warning < critical


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
    metric = declared(name, "multiclass")
    need = by_class(r) if metric.needs is Confusion else need_of(metric, r)
    found = metric.compute(need, of=average)
    assert found.value == pytest.approx(AVERAGED[name][average](r), rel=1e-9, abs=1e-12)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", sorted([*WHOLE, *OF_C]))
def test_multiclass_values_equal_the_oracle(name: str, seed: int) -> None:
    r = rows(seed)
    metric = declared(name, "multiclass")
    need = by_class(r) if metric.needs is Confusion else need_of(metric, r)
    found = metric.compute(need, of="c" if name in OF_C else None)
    expected = (OF_C if name in OF_C else WHOLE)[name](r)
    assert found.value == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert found.low <= found.value <= found.high
    assert found.n == len(r["w"])


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
    "huge": {
        "truth": np.arange(6) % 2 == 0,
        "said": np.arange(6) % 3 == 0,
        "score": np.array([1e308, -1e308, 0.0, 1e300, -1e300, 1.0]),
        "y": np.array([1e308, -1e308, 0.0, 1e300, -1e300, 1.0]),
        "y_hat": np.array([-1e308, 1e308, 1.0, -1e300, 1e300, 0.0]),
        "w": np.ones(6),
    },
    "tiny": {
        "truth": np.arange(6) % 2 == 0,
        "said": np.arange(6) % 3 == 0,
        "score": np.array([5e-324, 0.0, 1e-320, 1e-300, 0.0, 1.0]),
        "y": np.array([5e-324, 0.0, 1e-320, 1e-300, 0.0, 5e-324]),
        "y_hat": np.array([0.0, 1e-320, 5e-324, 0.0, 1e-300, 0.0]),
        "w": np.ones(6),
    },
    "weights of zero": {
        "truth": np.arange(6) % 2 == 0,
        "said": np.arange(6) % 3 == 0,
        "score": np.linspace(0, 1, 6),
        "y": np.arange(6.0),
        "y_hat": np.arange(6.0) ** 2,
        "w": np.zeros(6),
    },
    "all right": {
        "truth": np.arange(40) % 2 == 0,
        "said": np.arange(40) % 2 == 0,
        "score": (np.arange(40) % 2 == 0) * 0.8 + 0.1,
        "y": np.arange(40.0),
        "y_hat": np.arange(40.0),
        "w": np.ones(40),
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


@pytest.mark.parametrize("name", sorted(ORACLES))
def test_nothing_is_certain_because_all_rows_are_right(name: str) -> None:
    metric = declared(name, task_of(name))
    if metric.needs is Pairs or not metric.needs_labels:
        return
    found = metric.compute(need_of(metric, EDGES["all right"]), of="1")
    assert found.low is not None and found.high is not None
    assert found.high - found.low > 0.01
    assert (found.se or 0) > 0


@pytest.mark.parametrize("name", sorted(n for n in ORACLES if n != "positive_rate"))
def test_rows_that_are_not_finite_are_counted(name: str) -> None:
    metric = declared(name, task_of(name))
    if metric.needs is Confusion:
        return
    r = dict(EDGES["not finite"])
    n_invalid = 3 if metric.needs is Scores else 2
    found = metric.compute(need_of(metric, r), of=None)
    assert found.detail["n_invalid"] == n_invalid
    assert found.n == 50 - n_invalid


@pytest.mark.parametrize("name", ["log_loss", "brier", "ece"])
def test_scores_that_are_no_probabilities_have_a_reason(name: str) -> None:
    found = declared(name, "binary").compute(Scores.from_arrays([True, False], [3.0, -1.0]))
    assert "not probabilities" in (found.reason or "")


@pytest.mark.parametrize("name", ["roc_auc", "log_loss"])
def test_multiclass_scores_that_are_not_finite_are_counted(name: str) -> None:
    r = rows(0)
    r["proba"][5:8, 1] = np.nan
    metric = declared(name, "multiclass")
    found = metric.compute(need_of(metric, r), of="macro" if metric.averages else None)
    assert found.value is not None
    assert found.detail["n_invalid"] == 3
