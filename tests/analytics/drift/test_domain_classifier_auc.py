"""domain_classifier_auc: beside scikit-learn's own cross-validation; finds what no column shows; calm otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from analytics.drift.domain_classifier_auc import TEST
from analytics.stats.decision import decide


def test_beside_scikit_learn(make_sample) -> None:
    """Other folds and the pooled order of their scores: the same AUC but for noise."""
    sample = make_sample(1, shift=0.6)
    found = TEST.compute(sample)
    x = np.vstack([sample.reference, sample.current])
    y = np.arange(len(x)) >= len(sample.reference)
    model = HistGradientBoostingClassifier(
        max_iter=40, max_leaf_nodes=15, learning_rate=0.15, l2_regularization=1.0, random_state=1
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


def test_too_few_rows(make_sample) -> None:
    assert "too few rows" in (TEST.compute(make_sample(3, n=20)).reason or "")
