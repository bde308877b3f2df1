"""A first look at whether rows of now differ from rows of the reference, at a quarter of a fit's cost.

Half of the rows teach small trees, which are asked about the other half. Where these can not be told
apart by so much as chance alone gives, nothing more is learned.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analytics.drift.domain_classifier_auc import quick_classifier
from analytics.needs import Floats, Scores
from analytics.stats.classifier import folds_of
from analytics.stats.ranking import delong

MIN_ROWS = 5_000  # of both sides: below it, halves teach too little
SURE = 0.8  # standard errors above one half: rows that show less are taken to be alike
Bools = npt.NDArray[np.bool_]


def glance(x: Floats, is_current: Bools, is_category: tuple[bool, ...]) -> tuple[float, float]:
    """(AUC of rows that were not learned from, its standard error) of one half by the other.

    So little work is done sooner by one thread than by several: whoever calls limits them.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(6000, 2))
    >>> bool(glance(x, x[:, 0] + rng.normal(size=6000) > 1, (False, False))[0] > 0.7)
    True
    """
    learned = np.empty(len(is_current), dtype=bool)
    for side in (True, False):
        at = np.flatnonzero(is_current == side)
        learned[at] = folds_of(len(at), 2) == 0
    x = np.column_stack(
        [
            _ordered(column, is_current, learned) if is_levels else column
            for column, is_levels in zip(x.T, is_category, strict=True)
        ]
    )
    model = quick_classifier()
    model.fit(x[learned], is_current[learned])
    chance = np.asarray(model.predict_proba(x[~learned])[:, 1], dtype=float)
    return delong(Scores.from_arrays(is_current[~learned], chance))


def _ordered(codes: Floats, is_current: Bools, learned: Bools) -> Floats:
    """Levels as numbers: the share of now among the rows learned from, drawn to that of all by one row."""
    code = np.where(np.isnan(codes), -1, codes).astype(np.int64) + 1
    n = np.bincount(code[learned], minlength=int(code.max()) + 1)
    of_now = np.bincount(code[learned], is_current[learned], len(n))
    share: Floats = (of_now + is_current[learned].mean()) / (n + 1)
    return share[code]
