"""The default drift rules of Evidently 0.7.23 and NannyML 0.13.1, written from their documentation.

Evidently (legacy/calculations/stattests): a reference of at most 1,000 rows: Kolmogorov-Smirnov
(p < 0.05) for numbers with more than five values, chi-squared (p < 0.05) for other columns, a z-test
of proportions for two levels. A larger one: Wasserstein distance over the reference's standard
deviation >= 0.1, and Jensen-Shannon distance (natural logarithm) >= 0.1.
NannyML (drift/univariate): Jensen-Shannon distance (base 2) of a chunk against the whole reference,
numbers in Doane bins; the alarm is the mean plus three standard deviations (ddof 0) of the reference's
own chunks. No correction for many columns in either.
Texts (Evidently): a linear classifier on TF-IDF, half to learn and half to judge; above 1,000 reference
rows an AUC over 0.55, below it the 95 % point of a random classifier's.
Columns together (NannyML, drift/multivariate): the mean distance of standardised rows from their
projection on the first components that explain 65 %, outside the mean and three standard deviations of
the reference's chunks.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.spatial.distance import jensenshannon

Floats = npt.NDArray[np.float64]
SMALL = 1000
CHUNKS = 10


def evidently_number(reference: Floats, current: Floats) -> tuple[float, bool]:
    """(statistic or p-value, drifted) of a numeric column by the default rule."""
    reference, current = reference[~np.isnan(reference)], current[~np.isnan(current)]
    if len(reference) <= SMALL:
        if len(np.unique(np.concatenate([reference, current]))) <= 5:
            levels = np.unique(np.concatenate([reference, current]))
            counts = [
                np.array([(side == v).sum() for v in levels]) for side in (reference, current)
            ]
            return evidently_levels(counts[0].astype(float), counts[1].astype(float))
        p = float(stats.ks_2samp(reference, current).pvalue)
        return p, p < 0.05
    spread = max(float(np.std(reference)), 0.001)
    value = float(stats.wasserstein_distance(reference, current)) / spread
    return value, value >= 0.1


def evidently_levels(reference: Floats, current: Floats) -> tuple[float, bool]:
    """(statistic or p-value, drifted) of counts by level by the default rule."""
    if reference.sum() <= SMALL:
        kept = (reference + current) > 0
        reference, current = reference[kept], current[kept]
        if len(reference) <= 2:
            p = _two_proportions(reference, current)
        else:
            expected = reference / reference.sum() * current.sum()
            if (expected == 0).any():
                return 0.0, True  # a level that the reference never had: its share is none
            p = float(stats.chisquare(current, expected).pvalue)
        return p, p < 0.05
    value = float(jensenshannon(reference / reference.sum(), current / current.sum()))
    return value, value >= 0.1


def _two_proportions(reference: Floats, current: Floats) -> float:
    n, m = float(current.sum()), float(reference.sum())
    a, b = current[0] / n, reference[0] / m
    pooled = (current[0] + reference[0]) / (n + m)
    se = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return math.erfc(abs(a - b) / se / math.sqrt(2)) if se > 0 else 1.0


def nannyml_number(reference: Floats, current: Floats) -> tuple[float, bool]:
    """(JS distance in base 2, alarm) of a numeric column by the default rule."""
    reference, current = reference[~np.isnan(reference)], current[~np.isnan(current)]
    edges = np.histogram_bin_edges(reference, bins="doane")
    share = np.histogram(reference, edges)[0] / len(reference)

    def distance(values: Floats) -> float:
        counts = np.histogram(values, edges)[0] / len(values)
        outside = 1 - counts.sum()
        if outside > 1e-12:
            return float(jensenshannon(np.append(share, 0), np.append(counts, outside), base=2))
        return float(jensenshannon(share, counts, base=2))

    value = distance(current)
    return value, value > _threshold([distance(c) for c in np.array_split(reference, CHUNKS)])


def nannyml_levels(reference: Sequence[Floats], current: Floats) -> tuple[float, bool]:
    """(JS distance in base 2, alarm) of counts by level; the reference comes in chunks."""
    whole = np.sum(reference, axis=0)

    def distance(counts: Floats) -> float:
        return float(jensenshannon(whole / whole.sum(), counts / counts.sum(), base=2))

    value = distance(current)
    return value, value > _threshold([distance(chunk) for chunk in reference])


def _threshold(values: Sequence[float]) -> float:
    return float(np.mean(values) + 3 * np.nanstd(values))


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
    middle, spread = float(np.mean(chunks)), float(np.std(chunks))
    return value, not middle - 3 * spread < value < middle + 3 * spread
