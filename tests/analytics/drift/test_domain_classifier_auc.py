"""domain_classifier_auc: beside scikit-learn's own cross-validation; finds what no column shows; calm otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from analytics.drift.domain_classifier_auc import TEST
from analytics.needs import Sample
from analytics.stats.decision import decide


def test_beside_scikit_learn(make_sample) -> None:
    """Other folds and the pooled order of their scores: the same AUC but for noise."""
    sample = make_sample(1, shift=0.6)
    found = TEST.compute(sample)
    x = np.vstack([sample.reference, sample.current])
    y = np.arange(len(x)) >= len(sample.reference)
    model = HistGradientBoostingClassifier(
        max_iter=40, max_leaf_nodes=15, learning_rate=0.15, l2_regularization=50.0, random_state=1
    )
    score = cross_val_predict(model, x, y, cv=5, method="predict_proba")[:, 1]
    assert found.value == pytest.approx(roc_auc_score(y, score), abs=0.03)
    assert found.detail["columns"][0]["column"] == "a"


def test_it_sees_columns_that_no_longer_go_together(make_sample) -> None:
    found = TEST.compute(make_sample(2, turned=True))
    assert found.value > 0.75
    assert {c["column"] for c in found.detail["columns"][:2]} == {"a", "d"}
    assert decide([(found, TEST.tolerance)])[0][0] == "critical"


def test_calm_without_drift(make_sample) -> None:
    verdicts = [decide([(TEST.compute(make_sample(s)), TEST.tolerance)])[0][0] for s in range(20)]
    assert verdicts == ["ok"] * 20


def curved(seed: int, n: int, m: int) -> Sample:
    """Six columns; in half of the rows of now the last is large where the first is far from zero."""
    rng = np.random.default_rng(seed)
    before, now = rng.standard_normal((m, 6)), rng.standard_normal((n, 6))
    sign = np.where(np.abs(now[:, 0]) > 0.6745, 1.0, -1.0)
    now[:, 5] = np.where(rng.random(n) < 0.5, np.abs(now[:, 5]) * sign, now[:, 5])
    return Sample(tuple("abcdef"), (False,) * 6, before, now, n, m)


def test_it_sees_a_curved_tie_at_a_thousand_rows() -> None:
    """What no column and no correlation shows; a model that knew it would reach 0.625."""
    found = [TEST.compute(curved(seed, 1000, 2000)) for seed in range(6)]
    assert [decide([(f, TEST.tolerance)])[0][0] for f in found] == ["warning"] * 6
    assert np.mean([f.value for f in found]) > 0.585


def test_noise_lies_on_both_sides_of_one_half(make_sample) -> None:
    """Nothing is to be taken off the effect: the mean of calm values is one half."""
    calm = [TEST.compute(make_sample(seed, n=100, m=150)) for seed in range(24)]
    assert all(f.detail["above_floor"] == max(0.0, f.value - 0.5) for f in calm)
    z = np.array([(f.value - 0.5) / f.se for f in calm])
    assert abs(z.mean()) < 3.3 / np.sqrt(24)  # a chance of 1 in 1,000
    # at 5 % a count above 5 of 24 has a chance of 1 in 900
    assert sum(decide([(f, TEST.tolerance)])[0][0] != "ok" for f in calm) <= 5


@pytest.mark.parametrize("shift", [0.0, 0.6])
def test_one_outlier_leaves_the_verdict(make_sample, shift: float) -> None:
    verdicts = []
    for side in ("none", "reference", "current"):
        sample = make_sample(5, n=1500, m=2000, shift=shift)
        if side != "none":
            getattr(sample, side)[17, 0] = 1e6
        verdicts.append(decide([(TEST.compute(sample), TEST.tolerance)])[0][0])
    assert verdicts == ["critical" if shift else "ok"] * 3


def test_too_few_rows(make_sample) -> None:
    assert "too few rows" in (TEST.compute(make_sample(3, n=20)).reason or "")
