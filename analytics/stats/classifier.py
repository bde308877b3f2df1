"""Two-sample tests by a classifier: how well rows of one side can be told from the other's.

Scores are always those of a model that has not seen the row (cross-fitted in folds).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from analytics.core import Estimate
from analytics.needs import Floats, Scores
from analytics.stats.intervals import Z95
from analytics.stats.ranking import delong

MIN_ROWS = 30
FOLDS = 5
Bools = npt.NDArray[np.bool_]
Fit = Callable[[npt.NDArray[np.intp], npt.NDArray[np.intp]], Floats]
Told = Callable[[Bools, Floats, npt.NDArray[np.int64]], bool]


def folds_of(n: int, n_folds: int = FOLDS, seed: int = 0) -> npt.NDArray[np.int64]:
    """The fold of every row, each about as large, by a fixed seed."""
    return np.random.default_rng(seed).permutation(n) % n_folds


def out_of_fold(
    is_current: Bools, fit: Fit, is_told: Told | None = None
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """(score, fold) of every row; ``fit(train, test)`` gives the scores of the test rows.

    ``is_told`` looks at (side, score, fold) of the rows scored so far, after each fold: where they
    say it all, no other is fitted, and the rows of the others have the fold -1 and no score.
    """
    folds = np.empty(len(is_current), dtype=np.int64)
    for side in (True, False):
        at = np.flatnonzero(is_current == side)
        folds[at] = folds_of(len(at))
    score = np.full(len(is_current), np.nan)
    for k in range(FOLDS):
        train, test = np.flatnonzero(folds != k), np.flatnonzero(folds == k)
        score[test] = fit(train, test)
        if is_told is not None and k < FOLDS - 1:
            seen = folds <= k
            if is_told(is_current[seen], score[seen], folds[seen]):
                return score, np.where(seen, folds, -1)
    return score, folds


def pooled_auc(
    is_current: Bools, score: Floats, folds: npt.NDArray[np.int64]
) -> tuple[float, float]:
    """(mean AUC of the folds, its standard error); of those that were fitted.

    Scores of different fits are never ranked together. Folds share most of what they were
    trained on, so their spread alone is too small: Nadeau and Bengio's (2003) correction adds the
    ratio of test to train rows.
    """
    fitted = range(int(folds.max()) + 1)
    found = [delong(Scores.from_arrays(is_current[folds == k], score[folds == k])) for k in fitted]
    auc = float(np.mean([a for a, _se in found]))
    variance = float(np.mean([se**2 for _a, se in found]))
    return auc, math.sqrt(variance * (1 / len(found) + 1 / (FOLDS - 1)))


def auc_estimate(
    auc: float, se: float, n: int, *, is_whole: bool = False, **detail: object
) -> Estimate:
    """An AUC above one half as evidence: one-sided p-value, and the part that noise does not explain.

    ``is_whole`` takes nothing off: an AUC out of fold of rows that cannot be told apart is one half
    on average, so what chance shows above that is the p-value's to judge.
    """
    se = max(se, 0.5 / math.sqrt(12.0 * max(n, 1)))  # a perfect split still rests on n rows
    p_value = 0.5 * math.erfc((auc - 0.5) / se / math.sqrt(2))
    floor = 0.0 if is_whole else se * math.sqrt(2 / math.pi)
    low, high = max(0.0, auc - Z95 * se), min(1.0, auc + Z95 * se)
    facts = {
        "p_value": p_value,
        "above_floor": max(0.0, auc - 0.5 - floor),
        "floor": floor,
        **detail,
    }
    return Estimate(auc, low, high, "DeLong by fold, corrected", n, se, detail=facts)


def linear_scores(
    x: Floats,
    is_current: Bools,
    train: npt.NDArray[np.intp],
    test: npt.NDArray[np.intp],
    ridge: float = 1e-2,
) -> Floats:
    """Scores of the ridge discriminant (least squares on the side) of the test rows."""
    centre = x[train].mean(axis=0)
    a, y = x[train] - centre, is_current[train] - is_current[train].mean()
    gram = a.T @ a
    gram[np.diag_indices_from(gram)] += ridge * max(float(np.trace(gram)) / len(gram), 1e-12)
    found: Floats = (x[test] - centre) @ np.linalg.solve(gram, a.T @ y)
    return found


def too_few_rows(n: int, m: int) -> Estimate | None:
    """Why two samples cannot be told apart: fewer than 30 rows on a side; else None."""
    if min(n, m) >= MIN_ROWS:
        return None
    reason = f"too few rows with a value ({n} current, {m} reference; at least {MIN_ROWS} each)"
    return Estimate.undefined(reason, n)
