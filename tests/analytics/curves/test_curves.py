"""Curves agree with scikit-learn's, stay thin, and have nothing to draw where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from analytics.curves.precision_recall import precision_recall
from analytics.curves.reliability import reliability
from analytics.curves.residuals import residuals
from analytics.curves.roc import roc
from analytics.curves.score_histogram import score_histogram
from analytics.curves.thin import MAX_POINTS
from analytics.needs import Pairs, Scores

RNG = np.random.default_rng(3)
TRUTH = RNG.random(20_000) < 0.3
SCORE = np.clip(RNG.normal(0.4 + 0.2 * TRUTH, 0.2), 0, 1)
SCORES = Scores.from_arrays(TRUTH, SCORE)


def test_roc_is_scikit_learns_curve_with_fewer_points() -> None:
    curve = roc(SCORES)
    assert curve is not None
    assert len(curve.true_rate) <= MAX_POINTS
    false, true, _ = sk.roc_curve(TRUTH, SCORE, drop_intermediate=False)
    for i in range(1, len(curve.threshold), 97):
        said = curve.threshold[i] <= SCORE
        assert curve.true_rate[i] == pytest.approx((said & TRUTH).sum() / TRUTH.sum())
        assert curve.false_rate[i] == pytest.approx((said & ~TRUTH).sum() / (~TRUTH).sum())
    assert sk.auc(curve.false_rate, curve.true_rate) == pytest.approx(sk.auc(false, true), abs=1e-4)


def test_precision_recall_at_known_thresholds() -> None:
    curve = precision_recall(SCORES)
    assert curve is not None
    for i in range(0, len(curve.threshold), 97):
        said = curve.threshold[i] <= SCORE
        assert curve.precision[i] == pytest.approx(sk.precision_score(TRUTH, said))
        assert curve.recall[i] == pytest.approx(sk.recall_score(TRUTH, said))
    assert curve.base_rate == pytest.approx(TRUTH.mean())


def test_reliability_is_scikit_learns_with_quantile_bins() -> None:
    score = RNG.permutation(np.linspace(0.01, 0.99, 15_000))
    truth = RNG.random(15_000) < score
    found = reliability(Scores.from_arrays(truth, score))
    rate, mean = calibration_curve(truth, score, n_bins=15, strategy="quantile")
    assert found is not None
    assert found.rate == pytest.approx(rate, abs=2e-3)
    assert found.score == pytest.approx(mean, abs=2e-3)
    assert ((found.low <= found.rate) & (found.rate <= found.high)).all()


def test_histograms_sum_to_one() -> None:
    found = score_histogram(SCORES)
    assert found is not None
    assert found.positives.sum() == pytest.approx(1)
    assert found.negatives.sum() == pytest.approx(1)
    left = residuals(Pairs.from_arrays(SCORE, SCORE + RNG.normal(0, 1, len(SCORE))))
    assert left is not None
    assert left.share.sum() + left.n_outside / len(SCORE) == pytest.approx(1)
    assert (left.low <= left.middle).all() and (left.middle <= left.high).all()


def test_nothing_to_draw() -> None:
    empty = Scores.from_arrays([], [])
    assert roc(empty) is precision_recall(empty) is reliability(empty) is None
    assert score_histogram(empty) is None
    assert roc(Scores.from_arrays([True], [0.5])) is None
    assert residuals(Pairs.from_arrays(np.array([1.0]), np.array([1.0]))) is None
