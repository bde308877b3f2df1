"""Other rows, or the same rows judged otherwise? The reference's losses on the rows of now.

Covariate: what the metric would have become by the new mix of rows alone, had every kind of row
kept the number it had before. Concept: what is left, the same kinds of rows with other numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analytics.explain.parts import Side, root_slope


@dataclass(frozen=True, slots=True)
class Covariate:
    """Both parts, which sum to the change, with their standard errors.

    ``share`` is the share of the rows of now whose cell the reference had.
    """

    covariate: float
    concept: float
    covariate_se: float
    concept_se: float
    share: float


def covariate_split(before: Side, now: Side, *, is_root: bool = False) -> Covariate:
    """Over joint cells: covariate = sum w_now r_before - R_before, concept = the rest of the change.

    A cell that the reference lacks keeps the number it has now: it is other rows.

    >>> was = Side.from_rows([(9, 10, 9, 9, 10), (5, 10, 5, 5, 10)], [10, 10])
    >>> now = Side.from_rows([(4, 5, 4, 4, 5), (6, 15, 6, 6, 15)], [5, 15])
    >>> found = covariate_split(was, now)
    >>> round(found.covariate, 4), round(found.concept, 4)
    (-0.1, -0.1)
    """
    held = before.is_there
    own = np.divide(before.over, before.under, out=np.zeros(len(before.over)), where=held)
    total0, total1 = float(before.under.sum()), float(now.under.sum())
    ratio0, ratio1 = before.ratio, now.ratio
    middle = float((np.where(held, own * now.under, now.over)).sum()) / total1
    # what a row of each cell adds to `middle`, by its over and under, on either side
    now_over = np.where(held, 0.0, 1 / total1)
    now_under = np.where(held, own - middle, -middle) / total1
    per = np.divide(now.share, before.under, out=np.zeros(len(own)), where=held)
    then_over, then_under = per, -per * own
    values = [ratio0, middle, ratio1]
    slopes = [1.0, 1.0, 1.0]
    if is_root:
        values = [math.sqrt(max(v, 0.0)) for v in values]
        slopes = [root_slope(v) for v in values]
    s0, sm, s1 = slopes
    covariate_variance = before.variance(
        sm * then_over - s0 / total0, sm * then_under + s0 * ratio0 / total0
    ) + now.variance(sm * now_over, sm * now_under)
    concept_variance = before.variance(-sm * then_over, -sm * then_under) + now.variance(
        s1 / total1 - sm * now_over, -s1 * ratio1 / total1 - sm * now_under
    )
    return Covariate(
        values[1] - values[0],
        values[2] - values[1],
        math.sqrt(covariate_variance),
        math.sqrt(concept_variance),
        float(now.share[held].sum()),
    )
