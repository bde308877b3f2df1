"""Value of a decision: what the answers that people took are worth, in the owner's unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analytics.core import Estimate
from analytics.stats.decision import MIN_ROWS
from analytics.stats.intervals import mean_of_groups

Values = Mapping[tuple[str, str], float]


def worth_of(answers: Sequence[tuple[str, str, int]], values: Values) -> Estimate:
    """The mean worth of (truth, answer, how often); a pair without a value is worth 0.

    >>> worth_of([("1", "1", 30), ("1", "0", 10)], {("1", "0"): -4.0}).value
    -1.0
    """
    n = sum(count for _truth, _answer, count in answers)
    if n < MIN_ROWS:
        reason = f"only {n:,} decisions whose truth is known: fewer than {MIN_ROWS} are not shown"
        return Estimate.undefined(reason, n)
    groups = [
        (np.array([values.get((truth, answer), 0.0)]), np.array([float(count)]))
        for truth, answer, count in answers
    ]
    return mean_of_groups(groups, float(n), n, 0)
