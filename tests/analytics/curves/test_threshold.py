"""Counts at every threshold beside scikit-learn; the best threshold beside trying all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from analytics.curves.threshold import at_threshold, best_threshold, thresholds
from analytics.evaluate.behind import rates_at
from analytics.needs import Scores

WORTH = {(True, True): 2.0, (True, False): -5.0, (False, True): -1.0, (False, False): 0.0}


def rows(seed: int, n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.3
    return truth, np.clip(rng.normal(0.4 + 0.2 * truth, 0.2), 0, 1).round(2)


@given(seed=st.integers(0, 10_000), cut=st.floats(0.05, 0.9))
def test_counts_are_those_of_predicting_from_the_threshold_on(seed: int, cut: float) -> None:
    truth, score = rows(seed, 80)
    truth[:2], score[-1] = [True, False], 1.0
    found = thresholds(Scores.from_arrays(truth, score))
    assert found is not None
    i = at_threshold(found, cut)
    tn, fp, fn, tp = sk.confusion_matrix(truth, score >= cut, labels=[False, True]).ravel()
    assert (found.tn[i], found.fp[i], found.fn[i], found.tp[i]) == (tn, fp, fn, tp)
    said = rates_at(found, i, ("recall", "accuracy"))
    assert said["recall"].value == pytest.approx(sk.recall_score(truth, score >= cut))
    assert said["accuracy"].value == pytest.approx(sk.accuracy_score(truth, score >= cut))
    assert all(e.low <= e.value <= e.high for e in said.values())


@given(seed=st.integers(0, 10_000))
def test_no_threshold_is_worth_more_than_the_best(seed: int) -> None:
    truth, score = rows(seed, 120)
    truth[:2] = [True, False]
    found = thresholds(Scores.from_arrays(truth, score))
    assert found is not None
    best = best_threshold(found, WORTH)
    for cut in np.linspace(-0.1, 1.1, 60):
        said = score >= cut
        worth = np.mean([WORTH[bool(t), bool(s)] for t, s in zip(truth, said, strict=True)])
        assert worth <= best.worth + 1e-9
    assert best.low <= best.at <= best.high


def test_the_span_of_the_best_holds_the_true_one() -> None:
    """Scores that are probabilities: the best cut is 1/8 for these values."""
    held = 0
    rng = np.random.default_rng(4)
    for _ in range(300):
        score = rng.beta(1.2, 3, 800)
        truth = rng.random(800) < score
        found = thresholds(Scores.from_arrays(truth, score))
        assert found is not None
        best = best_threshold(found, WORTH)
        held += best.low <= 1 / 8 <= best.high
    assert held / 300 >= 0.93


def test_one_class_has_no_threshold() -> None:
    assert thresholds(Scores.from_arrays([True, True], [0.2, 0.3])) is None
