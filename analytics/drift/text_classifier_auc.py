"""Text classifier: how well texts of the window can be told from texts of the reference."""

from __future__ import annotations

from typing import Any

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.needs import Floats, TextPair
from analytics.stats.classifier import auc_estimate, out_of_fold, pooled_auc, too_few_rows
from analytics.stats.texts import naive_bayes, telling_words, trigrams


def compute(pair: TextPair) -> Estimate:
    """AUC of naive Bayes over hashed runs of three characters, out of fold; 0.5 is no difference.

    ``detail.words`` names words whose share of texts moved the most.
    """
    n, m = len(pair.current), len(pair.reference)
    undefined = too_few_rows(n, m)
    if undefined:
        return undefined
    counted = trigrams([*pair.reference, *pair.current])
    is_current = np.arange(n + m) >= m

    def fit(train: Any, test: Any) -> Floats:
        return naive_bayes(counted, is_current, train, test)

    score, folds = out_of_fold(is_current, fit)
    auc, se = pooled_auc(is_current, score, folds)
    words = telling_words(pair.current, pair.reference) if auc - 1.96 * se > 0.5 else []
    return auc_estimate(auc, se, n, words=words, n_reference=m)


TEST = DriftTest(
    name="text_classifier_auc",
    label="Text classifier AUC",
    needs=TextPair,
    compute=compute,
    meaning=(
        "How well texts of this window can be told from those of the reference by their runs of three"
        " characters: 0.5 is not at all. It sees words, language, spelling and format, no meaning."
    ),
    source="Lopez-Paz and Oquab (2017) with naive Bayes on hashed n-grams; interval: DeLong by fold (Nadeau and Bengio 2003)",
    decides=True,
    tolerance=(0.05, 0.15),
)
