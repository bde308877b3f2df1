"""Domain classifier: how well a model can tell rows of the window from rows of the reference."""

from __future__ import annotations

from typing import Any

import numpy as np

from analytics.core import DriftTest, Estimate
from analytics.needs import Floats, Sample, Scores
from analytics.stats.classifier import auc_estimate, out_of_fold, pooled_auc, too_few_rows
from analytics.stats.ranking import delong

MOST_CATEGORIES = 200  # codes beyond the most frequent share one; the trees take 255 at most
SHOWN = 5
LEAF = 20  # rows of a leaf at least
SHRINK = 50.0  # a row of even sides weighs 1/4: docs/power.md has what it gains at few rows


def compute(sample: Sample) -> Estimate:
    """AUC of gradient-boosted trees over all columns, out of fold, in [0, 1]; 0.5 is no difference.

    ``detail.columns`` names the columns that give the window away: how far the AUC falls when a
    column is shuffled among rows that the model has not seen. Scikit-learn's
    HistGradientBoostingClassifier, five folds, fixed seeds; missing values are values of their own.
    Leaves are shrunk hard (as if each held some 200 more rows of no difference): of a few hundred
    rows the trees then learn less of the noise. The effect is the AUC above one half, with
    nothing taken off: trees that never saw a row do no better than one half by chance on average.
    """
    n, m = len(sample.current), len(sample.reference)
    undefined = too_few_rows(n, m)
    if undefined:
        return undefined
    x = capped(np.vstack([sample.reference, sample.current]), sample.is_category)
    is_current = np.arange(n + m) >= m
    models: list[tuple[Any, Any]] = []

    def fit(train: Any, test: Any) -> Floats:
        model = classifier(sample.is_category)
        model.fit(x[train], is_current[train])
        models.append((model, test))
        return np.asarray(model.predict_proba(x[test])[:, 1], dtype=float)

    score, folds = out_of_fold(is_current, fit)
    auc, se = pooled_auc(is_current, score, folds)
    columns = _give_away(sample, x, is_current, models) if auc - 1.96 * se > 0.5 else []
    return auc_estimate(
        auc,
        se,
        n,
        is_whole=True,
        columns=columns,
        n_sampled=n,
        n_reference=m,
        n_rows=sample.n_current,
    )


def classifier(is_category: tuple[bool, ...]) -> Any:
    """What tells the two sides apart: small gradient-boosted trees with a fixed seed."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=40,
        max_leaf_nodes=15,
        min_samples_leaf=LEAF,
        learning_rate=0.15,
        l2_regularization=SHRINK,
        categorical_features=list(is_category) if any(is_category) else None,
        random_state=0,
        early_stopping=False,
    )


def quick_classifier() -> Any:
    """A quarter of its cost, for a first look: fewer and smaller trees over few bins, no levels."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=15,
        max_leaf_nodes=8,
        max_bins=32,
        min_samples_leaf=LEAF,
        learning_rate=0.3,
        l2_regularization=SHRINK,
        random_state=0,
        early_stopping=False,
    )


def capped(x: Floats, is_category: tuple[bool, ...]) -> Floats:
    """Rare levels share one code: trees take at most 255.

    Of a column with fewer known values than a leaf has rows only whether it is known is left: trees
    take none of which the rows to learn from hold nothing.
    """
    found = x.copy()
    is_known = ~np.isnan(x)
    scarce = is_known.sum(axis=0) < LEAF
    found[:, scarce] = is_known[:, scarce]
    for j, is_levels in enumerate(is_category):
        if not is_levels:
            continue
        column = found[:, j]
        known = column[~np.isnan(column)].astype(int)
        ranked = np.argsort(-np.bincount(known), kind="stable") if len(known) else np.empty(0, int)
        if len(ranked) > MOST_CATEGORIES:
            codes = np.full(len(ranked), MOST_CATEGORIES)
            codes[ranked[:MOST_CATEGORIES]] = np.arange(MOST_CATEGORIES)
            column[~np.isnan(column)] = codes[known]
    return found


def _give_away(
    sample: Sample, x: Floats, is_current: Any, models: list[tuple[Any, Any]]
) -> list[dict[str, Any]]:
    """How far the AUC of the first fold falls when one column is shuffled, the largest first."""
    model, test = models[0]
    base = delong(Scores.from_arrays(is_current[test], model.predict_proba(x[test])[:, 1]))[0]
    rng = np.random.default_rng(0)
    falls = []
    for j, name in enumerate(sample.names):
        mixed = x[test].copy()
        mixed[:, j] = rng.permutation(mixed[:, j])
        auc = delong(Scores.from_arrays(is_current[test], model.predict_proba(mixed)[:, 1]))[0]
        falls.append((base - auc, name))
    falls.sort(key=lambda pair: -pair[0])
    return [{"column": name, "fall": fall} for fall, name in falls[:SHOWN] if fall > 0.002]


TEST = DriftTest(
    name="domain_classifier_auc",
    label="Domain classifier AUC",
    needs=Sample,
    compute=compute,
    meaning=(
        "How well a model can tell rows of this window from rows of the reference, all columns"
        " together: 0.5 is not at all. It sees what no single column shows, and says nothing of harm."
        " Nothing is taken off it for noise, which lies on both sides of 0.5 and is for the p-value to judge."
        " Where many rows share values of their hour, such as weather, it can go by memory alone."
    ),
    source=(
        "Lopez-Paz and Oquab (2017); interval: DeLong by fold (Nadeau and Bengio 2003); scikit-learn's gradient boosting"
    ),
    is_default=False,
    tolerance=(0.05, 0.15),
)
