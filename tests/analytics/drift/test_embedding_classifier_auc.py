"""embedding_classifier_auc: beside scikit-learn's discriminant; calm otherwise."""

from __future__ import annotations

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from analytics.drift.embedding_classifier_auc import TEST
from analytics.needs import VectorPair
from analytics.stats.decision import decide


def test_beside_scikit_learn(make_vectors) -> None:
    pair = make_vectors(1, d=40, shift=0.8)
    x = np.vstack([pair.reference, pair.current])
    y = np.arange(len(x)) >= len(pair.reference)
    score = cross_val_predict(LinearDiscriminantAnalysis(), x, y, cv=5, method="decision_function")
    assert abs(TEST.compute(pair).value - roc_auc_score(y, score)) < 0.02


def test_calm_without_drift(make_vectors) -> None:
    verdicts = [decide([(TEST.compute(make_vectors(s)), TEST.tolerance)])[0][0] for s in range(40)]
    assert sum(v != "ok" for v in verdicts) <= 3


def test_other_sizes_have_a_reason() -> None:
    found = TEST.compute(VectorPair(np.ones((40, 3)), np.ones((40, 4))))
    assert "4 and 3 numbers" in (found.reason or "")


def test_too_few_vectors() -> None:
    assert TEST.compute(VectorPair(np.ones((5, 3)), np.ones((40, 3)))).value is None
