"""text_classifier_auc: beside scikit-learn's hashed n-grams; names the words; calm otherwise."""

from __future__ import annotations

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import BernoulliNB

from analytics.drift.text_classifier_auc import TEST
from analytics.needs import TextPair
from analytics.stats.decision import decide


def test_beside_scikit_learn(make_texts) -> None:
    """Another hash, another naive Bayes: about the same AUC."""
    pair = make_texts(1, swapped=0.15)
    texts = [*pair.reference, *pair.current]
    y = np.arange(len(texts)) >= len(pair.reference)
    x = HashingVectorizer(
        analyzer="char", ngram_range=(3, 3), n_features=2**13, norm=None
    ).transform(texts)
    score = cross_val_predict(BernoulliNB(), x, y, cv=5, method="predict_proba")[:, 1]
    found = TEST.compute(pair)
    assert abs(found.value - roc_auc_score(y, score)) < 0.08
    assert found.value > 0.7


def test_the_words_are_named() -> None:
    reference = tuple(f"flight {i} on time" for i in range(300))
    current = tuple(f"flight {i} {'cancelled' if i % 2 else 'on time'}" for i in range(300))
    found = TEST.compute(TextPair(reference, current))
    words = {w["word"]: w for w in found.detail["words"]}
    assert words["cancelled"]["share"] == 0.5 and words["cancelled"]["reference"] == 0


def test_calm_without_drift(make_texts) -> None:
    verdicts = [decide([(TEST.compute(make_texts(s)), TEST.tolerance)])[0][0] for s in range(30)]
    assert verdicts == ["ok"] * 30


def test_too_few_texts() -> None:
    assert TEST.compute(TextPair(("a",), ("b",))).value is None
