"""The default rules of Evidently 0.7.23 and NannyML 0.13.1 for texts and columns together.

Those of single columns stand in ``analytics.monitors.peers``.
Texts (Evidently): a linear classifier on TF-IDF, half to learn and half to judge; above 1,000 reference
rows an AUC over 0.55, below it the 95 % point of a random classifier's.
Embeddings (Evidently): a linear classifier on the vectors, judged as that of texts; a hundred random
classifiers for fewer than 1,000 reference rows.
Columns together (NannyML, drift/multivariate): the mean distance of standardised rows from their
projection on the first components that explain 65 %, outside the mean and three standard deviations of
the reference's chunks.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analytics.monitors.peers import CHUNKS, SMALL, nannyml_metric

Floats = npt.NDArray[np.float64]


def evidently_texts(reference: Sequence[str], current: Sequence[str]) -> tuple[float, bool]:
    """(AUC on the half that was not learnt from, drifted) of a text column by the default rule."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split

    texts, side = [*reference, *current], np.repeat([0, 1], [len(reference), len(current)])
    halves = train_test_split(texts, side, test_size=0.5, random_state=42, shuffle=True)
    learn, judge, y_learn, y_judge = halves
    words = TfidfVectorizer(sublinear_tf=True, max_df=0.5, stop_words="english")
    model = SGDClassifier(
        alpha=0.0001, max_iter=50, penalty="l1", loss="modified_huber", random_state=42
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fifty rounds often do not settle it; theirs neither
        model.fit(words.fit_transform(learn), y_learn)
    auc = float(roc_auc_score(y_judge, model.predict_proba(words.transform(judge))[:, 1]))
    if len(reference) > SMALL:
        return auc, auc > 0.55
    rng = np.random.default_rng(42)
    at_random = [roc_auc_score(y_judge, rng.random(len(y_judge))) for _ in range(200)]
    return auc, auc > float(np.percentile(at_random, 95))


def evidently_vectors(reference: Floats, current: Floats) -> tuple[float, bool]:
    """(AUC on the half that was not learnt from, drifted) of an embedding column by the default rule."""
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split

    rows, side = np.vstack([reference, current]), np.repeat([1, 0], [len(reference), len(current)])
    halves = train_test_split(rows, side, test_size=0.5, random_state=42, shuffle=True)
    learn, judge, y_learn, y_judge = halves
    model = SGDClassifier(loss="log_loss", random_state=42).fit(learn, y_learn)
    auc = float(roc_auc_score(y_judge, model.predict_proba(judge)[:, 1]))
    if len(reference) >= SMALL:
        return auc, auc > 0.55
    rngs = (np.random.RandomState(i) for i in range(100))
    at_random = [roc_auc_score(y_judge, rng.rand(len(y_judge))) for rng in rngs]
    return auc, auc > float(np.percentile(at_random, 95))


def nannyml_together(reference: Floats, current: Floats) -> tuple[float, bool]:
    """(reconstruction error, alarm) of numeric columns together; categories come as shares."""
    mean = np.nanmean(reference, axis=0)
    sd = np.where(np.isnan(reference), mean, reference).std(axis=0)

    def standard(x: Floats) -> Floats:
        return np.asarray((np.where(np.isnan(x), mean, x) - mean) / np.where(sd > 0, sd, 1.0))

    _u, size, axes = np.linalg.svd(standard(reference), full_matrices=False)
    explained = np.cumsum(size**2) / (size**2).sum()
    kept = axes[: int(np.searchsorted(explained, 0.65)) + 1]

    def error(x: Floats) -> float:
        z = standard(x)
        return float(np.linalg.norm(z - z @ kept.T @ kept, axis=1).mean())

    value = error(current)
    chunks = [error(c) for c in np.array_split(reference, CHUNKS)]
    return value, nannyml_metric(chunks, value)
