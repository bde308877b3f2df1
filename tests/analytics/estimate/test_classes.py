"""CBPE of several classes: beside scikit-learn, beside drawn labels, and intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics
from sklearn.isotonic import IsotonicRegression

from analytics.catalog import metrics_for
from analytics.estimate.classes import (
    calibrate_classes,
    cbpe_of_classes,
    estimated_of_classes,
    expected_table,
    forecast_classes,
)

CLASSES = ("a", "b", "c")
NAMES = ("accuracy", "precision_macro", "recall_macro", "f1_macro", "f1_weighted", "mcc")


def rows_of(n: int, rng: np.random.Generator, mix: float = 1.0):  # type: ignore[no-untyped-def]
    truth_of = rng.dirichlet([0.5 * mix, 0.7, 0.9], n)
    score = truth_of**1.5  # not calibrated
    score = score / score.sum(axis=1, keepdims=True)
    labels = np.array(CLASSES)[(truth_of.cumsum(axis=1) < rng.random(n)[:, None]).sum(axis=1)]
    return labels, score, np.array(CLASSES)[score.argmax(axis=1)]


def other_rates(labels, score, now):  # type: ignore[no-untyped-def]
    """As NannyML documents it: a calibrator for each class, then rows that sum to 1."""
    found = [
        IsotonicRegression(out_of_bounds="clip")
        .fit(score[:, k], (labels == c).astype(float))
        .predict(now[:, k])
        for k, c in enumerate(CLASSES)
    ]
    raw = np.column_stack(found)
    return raw / raw.sum(axis=1, keepdims=True)


def realised(name: str, truth: np.ndarray, score: np.ndarray, said: np.ndarray) -> float:
    if name == "roc_auc_macro":
        return float(metrics.roc_auc_score(truth, score, multi_class="ovr"))
    if name == "average_precision_macro":
        is_class = np.column_stack([truth == c for c in CLASSES])
        return float(metrics.average_precision_score(is_class, score))
    if name in ("accuracy", "mcc"):
        of = metrics.accuracy_score if name == "accuracy" else metrics.matthews_corrcoef
        return float(of(truth, said))
    kind, average = name.split("_")
    return float(getattr(metrics, f"{kind}_score")(truth, said, average=average))


def test_expected_numbers_are_those_of_rows_split_by_their_rates() -> None:
    rng = np.random.default_rng(3)
    labels, score, _said = rows_of(3000, rng)
    _labels, now, said = rows_of(900, rng, 2.0)
    rates = other_rates(labels, score, now)
    rows = forecast_classes(calibrate_classes(CLASSES, labels, score) or {}, said, now)
    assert np.allclose(rows.rate, rates, atol=1e-9)
    truth, guess = np.tile(CLASSES, len(said)), np.repeat(said, 3)
    weight = rates.ravel()
    known = metrics_for("multiclass")
    for name, other in {
        "accuracy": metrics.accuracy_score(truth, guess, sample_weight=weight),
        "f1_macro": metrics.f1_score(truth, guess, sample_weight=weight, average="macro"),
        "precision_macro": metrics.precision_score(
            truth, guess, sample_weight=weight, average="macro"
        ),
        "recall_macro": metrics.recall_score(truth, guess, sample_weight=weight, average="macro"),
    }.items():
        found = cbpe_of_classes(known[name].metric, rows, known[name].of)
        assert found.value == pytest.approx(other, abs=1e-9), name
    for k, c in enumerate(CLASSES):
        is_class = np.tile([True, False], len(said))
        both = np.column_stack([rates[:, k], 1 - rates[:, k]]).ravel()
        other = metrics.roc_auc_score(is_class, np.repeat(now[:, k], 2), sample_weight=both)
        assert cbpe_of_classes(known["roc_auc"].metric, rows, c).value == pytest.approx(other)
        ranked = np.argsort(-now[:, k])  # no ties: each row adds its rate times the precision there
        rate = rates[ranked, k]
        precision = np.cumsum(rate) / np.arange(1, len(rate) + 1)
        found = cbpe_of_classes(known["average_precision"].metric, rows, c)
        assert found.value == pytest.approx(float(rate @ precision / rate.sum()), abs=1e-9)
    assert expected_table(rows).counts.sum() == pytest.approx(len(said))


@pytest.mark.parametrize("name", [*NAMES, "roc_auc_macro", "average_precision_macro"])
def test_intervals_cover_what_labels_then_say(name: str) -> None:
    rng, metric = np.random.default_rng(11), metrics_for("multiclass")[name]
    n_held, n_runs = 0, 120
    for _ in range(n_runs):
        labels, score, _said = rows_of(1500, rng)
        truth, now, said = rows_of(400, rng, 1.6)
        rows = forecast_classes(calibrate_classes(CLASSES, labels, score) or {}, said, now)
        found = cbpe_of_classes(metric.metric, rows, metric.of)
        other = realised(name, truth, now, said)
        n_held += found.low <= other <= found.high
    assert n_held / n_runs >= 0.9


def test_worth_is_taken_of_the_expected_table_and_few_rows_say_so() -> None:
    rng = np.random.default_rng(5)
    labels, score, said = rows_of(2000, rng)
    known = calibrate_classes(CLASSES, labels, score) or {}
    rows = forecast_classes(known, said, score)
    metric = metrics_for("multiclass")["business_value"].metric
    found = cbpe_of_classes(metric, rows, values={(c, c): 1.0 for c in CLASSES})
    right = cbpe_of_classes(metrics_for("multiclass")["accuracy"].metric, rows)
    assert found.value == pytest.approx(right.value) and found.se == pytest.approx(right.se)
    few = cbpe_of_classes(metric, forecast_classes(known, said[:9], score[:9]), values={})
    assert few.value is None and "too few rows (9" in str(few.reason)
    assert calibrate_classes(CLASSES, np.array(["a", "b"] * 10), score[:20]) is None
    assert not estimated_of_classes(metrics_for("multiclass")["top_k"].metric)
