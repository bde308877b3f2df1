"""Curves agree with scikit-learn's, stay thin, and have nothing to draw where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from analytics.curves.confusion import MOST_CLASSES, confusion
from analytics.curves.precision_recall import precision_recall
from analytics.curves.reliability import reliability
from analytics.curves.residuals import residuals
from analytics.curves.roc import roc
from analytics.curves.score_histogram import score_histogram
from analytics.curves.thin import MAX_POINTS
from analytics.needs import Confusion, Pairs, Scores
from analytics.stats.intervals import wilson

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


def test_a_thinned_curve_has_the_shape_of_the_whole_one() -> None:
    curve = roc(SCORES)
    assert curve is not None
    false, true, _ = sk.roc_curve(TRUTH, SCORE, drop_intermediate=False)
    drawn = np.interp(false, curve.false_rate, curve.true_rate)
    assert np.abs(drawn - true).max() < 0.01
    assert (curve.true_rate[0], curve.true_rate[-1]) == (0, 1)
    assert (np.diff(curve.true_rate) >= 0).all() and (np.diff(curve.false_rate) >= 0).all()


def test_confusion_shares_are_scikit_learns_with_wilsons_interval() -> None:
    label, said = RNG.integers(0, 3, 300).astype(str), RNG.integers(0, 3, 300).astype(str)
    table = confusion(Confusion.from_arrays(label, said))
    assert table is not None
    assert table.share == pytest.approx(sk.confusion_matrix(label, said, normalize="true"))
    assert table.counts == pytest.approx(sk.confusion_matrix(label, said))
    ends = wilson(float(table.share[1, 2]), float(table.counts[1].sum()))
    assert (table.low[1, 2], table.high[1, 2]) == pytest.approx(ends)


def test_confusion_of_absent_and_of_many_classes() -> None:
    table = confusion(Confusion.from_arrays(["a", "a"], ["a", "b"], classes=("a", "b", "z")))
    assert table is not None
    assert table.classes == ("a", "b")
    assert np.isnan(table.share[1]).all()
    cells = np.diag(np.arange(1.0, 101.0))
    many = Confusion(tuple(map(str, range(100))), cells, int(cells.sum()), float(cells.sum()))
    pooled = confusion(many)
    assert pooled is not None
    assert len(pooled.classes) == MOST_CLASSES and pooled.classes[-1] == "(other)"
    assert pooled.counts.sum() == cells.sum()
    assert confusion(Confusion.from_arrays([], [])) is None


@pytest.mark.parametrize("x", [[1e308, -1e308, 0.0], [5e-324, 0.0, 1e-320], [0.5] * 3, [1e300] * 3])
def test_extreme_numbers_are_drawn_or_left_out(x: list[float]) -> None:
    scores, values = Scores.from_arrays([True, False, True], x), np.array(x)
    for curve in (roc, precision_recall, reliability, score_histogram):
        assert curve(scores) is not None
    for other in (values[::-1], -values, values):
        found = residuals(Pairs.from_arrays(values, other))
        assert found is None or np.isfinite(found.edges).all()
