"""CBPE: calibration beside scikit-learn's, expected numbers beside drawn labels, intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.isotonic import IsotonicRegression

from analytics.catalog import metrics_for
from analytics.estimate.cbpe import calibrate, cbpe, estimated, forecast, lean
from analytics.needs import Confusion, Scores, Valued

RNG = np.random.default_rng(8)
VALUES = {("1", "1"): 5.0, ("0", "1"): -2.0, ("1", "0"): -1.0}
NAMES = [name for name, n in metrics_for("binary").items() if estimated(n.metric)]


def rows_of(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    score = rng.beta(1.5, 2.5, n).round(3)
    return score, rng.random(n) < 0.1 + 0.8 * score**2


def realised(name: str, score: np.ndarray, label: np.ndarray) -> float:
    metric = metrics_for("binary")[name].metric
    if metric.needs in (Confusion, Valued):
        said = np.where(score >= 0.5, "1", "0")
        counts = Confusion.from_arrays(np.where(label, "1", "0"), said, positive="1")
        need = counts if metric.needs is Confusion else Valued(counts, VALUES)
        return float(metric.compute(need, of="1").value)
    if name == "average_precision":  # ties one by one, as it is estimated
        order = np.argsort(-score, kind="stable")
        hits = label[order].astype(float)
        return float((hits * np.cumsum(hits) / np.arange(1, len(hits) + 1)).sum() / hits.sum())
    return float(metric.compute(Scores.from_arrays(label, score)).value)


def of_rows(reference: tuple[np.ndarray, np.ndarray], score: np.ndarray):  # type: ignore[no-untyped-def]
    calibration = calibrate(Scores.from_arrays(reference[1], reference[0]))
    assert calibration is not None
    distinct, count = np.unique(score, return_counts=True)
    return forecast(calibration, distinct, distinct >= 0.5, count.astype(float))


def test_it_is_offered_for_counts_ranks_and_mean_losses() -> None:
    wanted = {"accuracy", "precision", "recall", "f1", "fbeta", "specificity", "balanced_accuracy",
              "mcc", "roc_auc", "average_precision", "brier", "log_loss", "business_value"}  # fmt: skip
    assert wanted == set(NAMES)


def test_calibration_is_scikit_learns() -> None:
    score, label = rows_of(3000, RNG)
    found = calibrate(Scores.from_arrays(label, score))
    other = IsotonicRegression(out_of_bounds="clip").fit(score, label)
    asked = np.linspace(-0.2, 1.2, 777)
    assert found is not None and np.allclose(found.rates(asked), other.predict(asked), atol=1e-12)
    assert calibrate(Scores.from_arrays([True, True], [0.1, 0.9])) is None


def test_expected_ranks_are_those_of_weighted_rows() -> None:
    score, label = rows_of(2000, RNG)
    rows = of_rows((score, label), score)
    truth = np.repeat([1, 0], len(rows.score))
    weight = np.concatenate([rows.count * rows.rate, rows.count * (1 - rows.rate)])
    auc = metrics.roc_auc_score(truth, np.tile(rows.score, 2), sample_weight=weight)
    value = cbpe(metrics_for("binary")["roc_auc"].metric, rows, "1", "0").value
    assert value == pytest.approx(auc, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_value_is_the_mean_of_drawn_labels_and_the_interval_their_spread(name: str) -> None:
    rng = np.random.default_rng(21)
    score, _label = rows_of(3000, rng)
    rows = of_rows(rows_of(200_000, rng), score)  # so many that the calibration is known
    rate = np.interp(score, rows.score, rows.rate)
    drawn = [realised(name, score, rng.random(len(score)) < rate) for _ in range(200)]
    values = VALUES if name == "business_value" else None
    found = cbpe(metrics_for("binary")[name].metric, rows, "1", "0", values)
    assert found.value == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / np.sqrt(200) + 1e-3)
    assert found.se == pytest.approx(np.std(drawn), rel=0.25)


@pytest.mark.parametrize("name", ["accuracy", "f1", "roc_auc", "brier"])
def test_intervals_cover_what_comes_true(name: str) -> None:
    rng = np.random.default_rng(5)
    metric, hits = metrics_for("binary")[name].metric, 0
    for _ in range(120):
        score, label = rows_of(800, rng)
        found = cbpe(metric, of_rows(rows_of(4000, rng), score), "1", "0")
        assert found.low is not None and found.high is not None
        hits += found.low <= realised(name, score, label) <= found.high
    assert hits >= 0.88 * 120  # 95 % less three standard errors


def test_too_few_rows_and_one_sided_predictions_give_no_number() -> None:
    score, label = rows_of(500, RNG)
    rows = of_rows((score, label), score[:20])
    none = cbpe(metrics_for("binary")["accuracy"].metric, rows, "1", "0")
    assert none.value is None and "too few rows" in str(none.reason)
    low = of_rows((score, label), np.repeat(0.1, 50))
    assert cbpe(metrics_for("binary")["precision"].metric, low, "1", "0").value is None
    assert cbpe(metrics_for("binary")["accuracy"].metric, low, "1", "0").value is not None


@given(st.integers(0, 10_000), st.integers(40, 300))
def test_calibrated_rates_flatter_the_ranking_of_their_own_rows(seed: int, n: int) -> None:
    """Isotonic regression draws the convex hull of the ROC curve, which never lies below it."""
    score, label = rows_of(n, np.random.default_rng(seed))
    metric = metrics_for("binary")["roc_auc"].metric
    assume(0 < label.sum() < n)
    own = cbpe(metric, of_rows((score, label), score), "1", "0")
    came = metric.compute(Scores.from_arrays(label, score)).value
    assert own.value >= came - 1e-12
    told = lean(metric, own, own, came)
    assert told.detail["optimism"] == pytest.approx(own.value - came)
    assert told.low == pytest.approx(max(own.low - (own.value - came), 0.0))
    assert (told.value, told.high) == (own.value, own.high)


@pytest.mark.parametrize("name", ["roc_auc", "accuracy"])
def test_intervals_hold_where_the_reference_is_small(name: str) -> None:
    metric, held, bare = metrics_for("binary")[name].metric, 0, 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        (score, label), (now, came) = rows_of(300, rng), rows_of(300, rng)
        found = cbpe(metric, of_rows((score, label), now), "1", "0")
        own = cbpe(metric, of_rows((score, label), score), "1", "0")
        told = lean(metric, found, own, realised(name, score, label))
        truth = realised(name, now, came)
        held += told.low <= truth <= told.high
        bare += found.low <= truth <= found.high
    assert 0.93 * 300 <= held and bare < held
