"""Metrics of two models on the same rows, and the evidence as it grew day by day."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np

from analytics.catalog import Named
from analytics.compare.comparison import Look
from analytics.compare.influence import (
    auc_influence,
    mean_influence,
    paired,
    precision_influence,
    root_influence,
)
from analytics.compare.joint import joint_difference
from analytics.compare.mcnemar import mcnemar
from analytics.core import Estimate, Schema
from analytics.needs import Confusion, Floats, Pairs, Scores
from analytics.query.compare import Shared
from analytics.stats.betting import betting_evidence
from analytics.stats.sequences import asymptotic_width

MIN_SHARED = 30  # labelled rows that both scored, from which pairs are compared
EPS = float(np.finfo(np.float64).eps)
N_DRAWS = 400
MOST_ROWS = 50_000  # rows that a bootstrap draws from
Both = tuple[Estimate, Estimate, Estimate]


def paired_estimate(named: Named, schema: Schema, shared: Shared) -> Both | None:
    """(candidate, baseline, difference) of a metric; None where it does not come in pairs."""
    needs = named.metric.needs
    of = named.of or schema.positive
    if needs is Pairs:
        return _of_pairs(named, shared)
    if needs is Confusion and named.metric.needs_labels:
        if named.metric.per_class and schema.task == "multiclass" and named.of is None:
            return None
        return _of_classes(named, schema, shared, of)
    if needs is Scores and shared.candidate_score is not None and named.metric.needs_labels:
        return _of_scores(named, schema, shared)
    return None


def _of_pairs(named: Named, shared: Shared) -> Both:
    sides = [
        Pairs.from_arrays(shared.label, y, sample_weight=shared.weight)
        for y in (shared.candidate, shared.baseline)
    ]
    one, other = (named.metric.compute(side) for side in sides)
    losses: dict[str, Callable[[Floats], Floats]] = {
        "mae": lambda e: np.abs(e),
        "mse": lambda e: e**2,
        "rmse": lambda e: e**2,
        "mean_error": lambda e: e,
    }
    if named.name in losses and all(side.n == len(shared) for side in sides):
        influence = root_influence if named.name == "rmse" else mean_influence
        parts = [
            influence(losses[named.name](side.y_pred - side.y_true), side.weight) for side in sides
        ]
        return one, other, paired(parts[0], parts[1], "normal, paired")
    return one, other, _bootstrap(named, shared, one, other)


def _bootstrap(named: Named, shared: Shared, one: Estimate, other: Estimate) -> Estimate:
    """The spread of the difference over resampled rows, both models on the same draw."""
    if one.value is None or other.value is None:
        return Estimate.undefined("one of the two has no value", len(shared))
    rng = np.random.default_rng(0)
    n = len(shared)
    kept = rng.choice(n, MOST_ROWS, replace=False) if n > MOST_ROWS else np.arange(n)
    label, weight = np.asarray(shared.label, float)[kept], shared.weight[kept]
    sides = [np.asarray(y, float)[kept] for y in (shared.candidate, shared.baseline)]
    drawn = []
    for _ in range(N_DRAWS):
        at = rng.integers(0, len(kept), len(kept))
        values = [
            named.metric.compute(
                Pairs.from_arrays(label[at], y[at], sample_weight=weight[at])
            ).value
            for y in sides
        ]
        if values[0] is not None and values[1] is not None:
            drawn.append(values[0] - values[1])
    se = float(np.std(drawn, ddof=1)) * math.sqrt(len(kept) / n) if len(drawn) > 1 else 0.0
    return paired_normal(one.value - other.value, se, n, "bootstrap, paired")


def paired_normal(value: float, se: float, n: int, method: str) -> Estimate:
    """A difference with a normal interval and p-value."""
    from analytics.stats.intervals import normal_estimate

    p_value = math.erfc(abs(value) / se / math.sqrt(2)) if se > 0 else float(value == 0)
    return normal_estimate(value, se, n, method, p_value=p_value, test=method)


def _of_classes(named: Named, schema: Schema, shared: Shared, of: str | None) -> Both:
    classes = tuple(sorted({*map(str, shared.label), *map(str, shared.candidate),
                            *map(str, shared.baseline), *schema.classes}))  # fmt: skip
    index = {name: i for i, name in enumerate(classes)}
    cells = [
        np.array([index[str(v)] for v in side])
        for side in (shared.label, shared.candidate, shared.baseline)
    ]
    joint = np.zeros((len(classes),) * 3)
    np.add.at(joint, tuple(cells), shared.weight)
    sum_w2 = float((shared.weight**2).sum())

    def build(counts: Floats) -> Confusion:
        return Confusion(classes, counts, len(shared), sum_w2, schema.positive)

    def value(counts: Confusion) -> float | None:
        return named.metric.compute(counts, of=of).value

    one = named.metric.compute(build(joint.sum(axis=2)), of=of)
    other = named.metric.compute(build(joint.sum(axis=1)), of=of)
    if named.name == "accuracy" and sum_w2 == len(shared):
        right = [shared.label == side for side in (shared.candidate, shared.baseline)]
        counts = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
        return one, other, mcnemar(*counts, len(shared))
    return one, other, joint_difference(joint, build, value)


def _of_scores(named: Named, schema: Schema, shared: Shared) -> Both | None:
    y = np.asarray(shared.label == schema.positive, dtype=bool)
    assert shared.candidate_score is not None and shared.baseline_score is not None
    kept = np.isfinite(shared.candidate_score) & np.isfinite(shared.baseline_score)
    y, weight = y[kept], shared.weight[kept]
    scores = [s[kept] for s in (shared.candidate_score, shared.baseline_score)]
    one, other = (
        named.metric.compute(Scores.from_arrays(y, s, sample_weight=weight)) for s in scores
    )
    if one.value is None or other.value is None:
        return one, other, Estimate.undefined(one.reason or other.reason or "", int(kept.sum()))
    ways: dict[str, tuple[Callable[..., tuple[float, Floats]], str]] = {
        "roc_auc": (auc_influence, "DeLong, paired"),
        "average_precision": (precision_influence, "infinitesimal jackknife, paired"),
        "brier": (_brier, "normal, paired"),
        "log_loss": (_log_loss, "normal, paired"),
    }
    if named.name not in ways:
        return None
    influence, method = ways[named.name]
    parts = [influence(y, s, weight) for s in scores]
    return one, other, paired(parts[0], parts[1], method)


def _brier(y: Any, score: Floats, weight: Floats) -> tuple[float, Floats]:
    return mean_influence((np.clip(score, 0, 1) - y) ** 2, weight)


def _log_loss(y: Any, score: Floats, weight: Floats) -> tuple[float, Floats]:
    p = np.clip(score, EPS, 1 - EPS)
    return mean_influence(-np.where(y, np.log(p), np.log1p(-p)), weight)


def look_by_look(schema: Schema, shared: Shared) -> tuple[Look, ...]:
    """The evidence after every day, in the order of the rows' days."""
    loss = _losses(schema, shared)
    gain = loss[1] - loss[0]
    if not np.isfinite(gain).all():
        return ()
    days = shared.period
    ends = np.flatnonzero(np.append(days[1:] != days[:-1], True)) + 1
    total, squares = np.cumsum(gain), np.cumsum(gain**2)
    wins, losses = np.cumsum(gain > 0), np.cumsum(gain < 0)
    looks = []
    for n in ends.tolist():
        mean = float(total[n - 1]) / n
        sd = math.sqrt(max(float(squares[n - 1]) / n - mean * mean, 0.0))
        half = float(asymptotic_width(n, sd))
        up, down = int(wins[n - 1]), int(losses[n - 1])
        looks.append(
            Look(
                _moment(days[n - 1]), n, mean, mean - half, mean + half, up, down,
                betting_evidence(up, down), betting_evidence(down, up),
            )
        )  # fmt: skip
    return tuple(looks)


def _losses(schema: Schema, shared: Shared) -> tuple[Floats, Floats]:
    if schema.task == "regression":
        truth = np.asarray(shared.label, float)
        sides = [np.abs(np.asarray(y, float) - truth) for y in (shared.candidate, shared.baseline)]
    else:
        sides = [
            np.asarray(side != shared.label, float) for side in (shared.candidate, shared.baseline)
        ]
    return sides[0], sides[1]


def _moment(day: Any) -> datetime | None:
    if day is None or np.isnat(day):
        return None
    found: datetime = day.astype("datetime64[us]").item()
    return found
