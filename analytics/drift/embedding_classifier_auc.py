"""Embedding classifier: how well vectors of the window can be told from those of the reference."""

from __future__ import annotations

from typing import Any

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.needs import Floats, VectorPair
from analytics.stats.classifier import (
    auc_estimate,
    linear_scores,
    out_of_fold,
    pooled_auc,
    too_few_rows,
)

DIRECTIONS = 50


def compute(pair: VectorPair) -> Estimate:
    """AUC of a linear discriminant on the 50 main directions, out of fold; 0.5 is no difference."""
    n, m = len(pair.current), len(pair.reference)
    undefined = too_few_rows(n, m)
    if undefined:
        return undefined
    if pair.current.shape[1] != pair.reference.shape[1]:
        sizes = f"{pair.current.shape[1]} and {pair.reference.shape[1]}"
        return Estimate.undefined(f"the vectors have {sizes} numbers", n)
    x = projected(pair)
    is_current = np.arange(n + m) >= m

    def fit(train: Any, test: Any) -> Floats:
        return linear_scores(x, is_current, train, test)

    score, folds = out_of_fold(is_current, fit)
    auc, se = pooled_auc(is_current, score, folds)
    return auc_estimate(auc, se, n, n_reference=m)


def projected(pair: VectorPair) -> Floats:
    """Both sides on the main directions of all rows together."""
    both = np.vstack([pair.reference, pair.current])
    centred: Floats = both - both.mean(axis=0)
    if centred.shape[1] <= DIRECTIONS:
        return centred
    _values, directions = np.linalg.eigh(centred.T @ centred)
    found: Floats = centred @ directions[:, -DIRECTIONS:]
    return found


TEST = DriftTest(
    name="embedding_classifier_auc",
    label="Embedding classifier AUC",
    needs=VectorPair,
    compute=compute,
    meaning=(
        "How well a linear model can tell vectors of this window from those of the reference: 0.5 is"
        " not at all. It sees shifts and stretches, and misses changes that no plane can part."
    ),
    source="Lopez-Paz and Oquab (2017) with a ridge discriminant; interval: DeLong by fold (Nadeau and Bengio 2003)",
    decides=True,
    tolerance=(0.05, 0.15),
)
