"""Every metric beside an independent implementation, on generated data, weights and edge cases.

scikit-learn is the oracle where it has the metric; elsewhere a slow one written row by row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from analytics import performance
from analytics.catalog import all_metrics
from analytics.core import Estimate, Metric
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

Rows = dict[str, Any]
SEEDS = range(6)
LEVELS = (0.1, 0.5, 0.9)
WORTH = {("1", "1"): 2.0, ("1", "0"): -5.0, ("0", "1"): -1.0, ("c", "a"): -3.0, ("a", "a"): 1.0}


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
        "five": rng.integers(0, 5, n),
        "proba5": rng.dirichlet([1] * 5, n),
        "bounds": np.array([y - rng.gamma(2.0, 5.0, n), y, y + rng.gamma(2.0, 5.0, n)]),
        "group": rng.integers(0, max(n // 12, 1), n),
        "order": rng.permutation(n) / n + 0.3 * truth,
    }


def text(flags: Any) -> Any:
    return np.where(flags, "1", "0")


def quantiles_of(r: Rows) -> Quantiles:
    bounds = r.get("bounds", np.array([r["y_hat"] - 1, r["y_hat"], r["y_hat"] + 1]))
    kept = np.isfinite(r["y"]) & np.isfinite(bounds).all(axis=0)
    return Quantiles(r["y"][kept], LEVELS, bounds[:, kept], r["w"][kept])


def rankings_of(r: Rows) -> Rankings:
    n = len(r["w"])
    group, score = r.get("group", np.arange(n) // 5), r.get("order", -np.arange(n, dtype=float))
    return Rankings.from_arrays(group, r["truth"].astype(float), score)


def need_of(metric: Metric, r: Rows) -> Any:
    if metric.needs is Quantiles:
        return quantiles_of(r)
    if metric.needs is Rankings:
        return rankings_of(r)
    if metric.needs is Ranks:
        label, scores = r.get("five", np.zeros(len(r["w"]), int)), r.get("proba5")
        scores = np.eye(5)[label] if scores is None else scores
        return Ranks.from_arrays(label, scores, sample_weight=r["w"])
    if metric.needs is Valued:
        counts = Confusion.from_arrays(
            text(r["truth"]), text(r["said"]), sample_weight=r["w"], positive="1"
        )
        return Valued(counts, WORTH)
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


def slow_bins(r: Rows, n_bins: int = 10) -> list[tuple[float, float, float, float]]:
    """(weight, effective rows, mean score, rate) of bins of tied scores, row by row."""
    w = r["w"]
    total, seen, bins = float(sum(w)), 0.0, {}
    for s in sorted(set(r["score"].tolist())):
        tied = [i for i in range(len(w)) if r["score"][i] == s]
        weight = float(sum(w[i] for i in tied))
        bins.setdefault(min(int((seen + weight / 2) / total * n_bins), n_bins - 1), []).extend(tied)
        seen += weight
    found = []
    for members in bins.values():
        mass = sum(w[i] for i in members)
        mean = sum(w[i] * r["score"][i] for i in members) / mass
        rate = sum(w[i] * r["truth"][i] for i in members) / mass
        found.append((mass / total, mass * total / float((w**2).sum()), mean, rate))
    return found


def slow_murphy(r: Rows, which: str) -> float:
    """Ferro and Fricker's formulas, bin by bin."""
    bins = slow_bins(r)
    n = sum(size for _s, size, _m, _r in bins)
    base = sum(share * rate for share, _n, _m, rate in bins)
    noise = sum(share * rate * (1 - rate) / max(size - 1, 1) for share, size, _m, rate in bins)
    extra = base * (1 - base) / (n - 1)
    if which == "uncertainty":
        return base * (1 - base) + extra
    if which == "reliability":
        return max(sum(s * (rate - mean) ** 2 for s, _n, mean, rate in bins) - noise, 0.0)
    return max(sum(s * (rate - base) ** 2 for s, _n, _m, rate in bins) - noise + extra, 0.0)


def slow_slope(r: Rows) -> float:
    """The zero of the score equations of the logistic regression, found by SciPy."""
    from scipy.optimize import root

    p = np.clip(r["score"], 1e-9, 1 - 1e-9)
    x = np.log(p / (1 - p))

    def equations(beta: Any) -> list[float]:
        left = r["w"] * (r["truth"] - 1 / (1 + np.exp(-(beta[0] + beta[1] * x))))
        return [float(left.sum()), float((left * x).sum())]

    return float(root(equations, [0.0, 0.5], tol=1e-14).x[1])


def slow_z(r: Rows) -> float:
    p, w = r["score"], r["w"]
    top = float((w * (r["truth"] - p) * (1 - 2 * p)).sum())
    spread = (
        float((w * (1 - 2 * p) ** 2 * p * (1 - p)).sum()) * float((w**2).sum()) / float(w.sum())
    )
    return top / math.sqrt(spread)


def slow_gain(r: Rows) -> float:
    """Rows from the highest score until a tenth of the weight is taken, ties in part."""
    left, found = 0.1 * float(r["w"].sum()), 0.0
    for s in sorted(set(r["score"].tolist()), reverse=True):
        tied = r["score"] == s
        weight = float(r["w"][tied].sum())
        part = min(1.0, left / weight) if left > 0 else 0.0
        found += part * float(r["w"][tied & r["truth"]].sum())
        left -= part * weight
    return found / float(r["w"][r["truth"]].sum())


def by_group(r: Rows, one: Callable[[Any, Any], float]) -> float:
    """The mean over groups with a wanted item of ``one(wanted, score)``."""
    values = []
    for g in sorted(set(r["group"].tolist())):
        mine = r["group"] == g
        if r["truth"][mine].any():
            values.append(one(r["truth"][mine], r["order"][mine]))
    return float(np.mean(values))


def slow_ndcg(wanted: Any, score: Any) -> float:
    if len(wanted) == 1:
        return 1.0
    return float(sk.ndcg_score([wanted.astype(float)], [score], k=10))


def first_place(wanted: Any, score: Any) -> int:
    order = sorted(range(len(wanted)), key=lambda i: -score[i])
    return next(k for k, i in enumerate(order, 1) if wanted[i])


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
    "fbeta": lambda r: sk.fbeta_score(r["truth"], r["said"], beta=2, sample_weight=r["w"]),
    "business_value": lambda r: weighted_mean(
        [WORTH.get((t, p), 0.0) for t, p in zip(text(r["truth"]), text(r["said"]), strict=True)],
        r["w"],
    ),
    "brier_reliability": lambda r: slow_murphy(r, "reliability"),
    "brier_resolution": lambda r: slow_murphy(r, "resolution"),
    "brier_uncertainty": lambda r: slow_murphy(r, "uncertainty"),
    "calibration_slope": slow_slope,
    "spiegelhalter_z": slow_z,
    "gain": slow_gain,
    "lift": lambda r: slow_gain(r) / 0.1,
    "top_k": lambda r: sk.top_k_accuracy_score(
        r["five"], r["proba5"], k=3, sample_weight=r["w"], labels=range(5)
    ),
    "pinball": lambda r: float(
        np.mean(
            [
                sk.mean_pinball_loss(r["y"], f, alpha=q, sample_weight=r["w"])
                for q, f in zip(LEVELS, r["bounds"], strict=True)
            ]
        )
    ),
    "interval_coverage": lambda r: weighted_mean(
        (r["y"] >= r["bounds"][0]) & (r["y"] <= r["bounds"][-1]), r["w"]
    ),
    "ndcg": lambda r: by_group(r, slow_ndcg),
    "map": lambda r: by_group(r, sk.average_precision_score),
    "mrr": lambda r: by_group(r, lambda w, s: 1 / first_place(w, s)),
    "hit_rate": lambda r: by_group(r, lambda w, s: float(first_place(w, s) <= 10)),
}
AVERAGED: dict[str, dict[str, Callable[[Rows], float]]] = {
    "precision": kinds(sk.precision_score),
    "recall": kinds(sk.recall_score),
    "f1": kinds(sk.f1_score),
    "fbeta": kinds(partial(sk.fbeta_score, beta=2)),
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
    "average_precision": {
        a: lambda r, a=a: sk.average_precision_score(
            np.column_stack([r["label"] == c for c in "abc"]),
            r["proba"],
            sample_weight=r["w"],
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
    "top_k": lambda r: ORACLES["top_k"](r),
    "business_value": lambda r: weighted_mean(
        [WORTH.get(pair, 0.0) for pair in zip(r["label"], r["predicted"], strict=True)], r["w"]
    ),
}
OF_C: dict[str, Callable[[Rows], float]] = {
    "precision": lambda r: of_c(sk.precision_score, r),
    "recall": lambda r: of_c(sk.recall_score, r),
    "f1": lambda r: of_c(sk.f1_score, r),
    "fbeta": lambda r: of_c(partial(sk.fbeta_score, beta=2), r),
    "specificity": lambda r: sk.recall_score(
        r["label"] != "c", r["predicted"] != "c", sample_weight=r["w"]
    ),
    "roc_auc": lambda r: sk.roc_auc_score(
        r["label"] == "c", r["proba"][:, 2], sample_weight=r["w"]
    ),
    "average_precision": lambda r: sk.average_precision_score(
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
    return next(task for task in ("binary", "regression", "multiclass") if task in tasks)


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
    need = Valued(by_class(r), WORTH) if metric.needs is Valued else need
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
    if metric.needs in (Pairs, Quantiles, Valued) or not metric.needs_labels:
        return
    found = metric.compute(need_of(metric, EDGES["all right"]), of="1")
    if name in ("calibration_slope", "spiegelhalter_z"):  # separated labels determine no slope
        assert found.value is None or found.low < found.high
        return
    assert found.low is not None and found.high is not None
    assert found.high - found.low > 0.01
    assert (found.se or 0) > 0


@pytest.mark.parametrize("name", sorted(n for n in ORACLES if n != "positive_rate"))
def test_rows_that_are_not_finite_are_counted(name: str) -> None:
    metric = declared(name, task_of(name))
    if metric.needs not in (Pairs, Scores, ClassScores):
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
