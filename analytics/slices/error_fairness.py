"""How groups fare under a model of numbers: errors by group, and how far apart they stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from analytics.core import Estimate
from analytics.slices.fairness import ALPHA, METHOD, Fairness, difference, rates_of, wilson

RATES = ("mean_error", "mae", "within_rate")
NORMAL = "normal, Bonferroni over groups"


@dataclass(frozen=True, slots=True)
class GroupErrors:
    """One group: sums over its labelled rows, with their weights.

    ``size`` is the share of effective rows among the weight (1 unweighted); ``error`` and
    ``error2`` are the sums of prediction minus label and of its square, ``miss`` of its size;
    ``within`` is the weight of the rows that miss by no more than is tolerated.
    """

    name: str
    n: int
    n_labelled: int
    weight: float
    size: float
    error: float
    error2: float
    miss: float
    within: float


def error_fairness(groups: Sequence[GroupErrors], alpha: float = ALPHA) -> Fairness:
    """Mean error, mean absolute error and the share within tolerance by group, and their distances.

    All intervals of one answer hold together, as those of ``fairness`` do.

    >>> a = GroupErrors("a", 2, 2, 2.0, 1.0, error=2.0, error2=2.0, miss=2.0, within=2.0)
    >>> b = GroupErrors("b", 2, 2, 2.0, 1.0, error=0.0, error2=18.0, miss=6.0, within=0.0)
    >>> error_fairness([a, b]).measures["mae_difference"].value
    2.0
    """
    z = NormalDist().inv_cdf(1 - alpha / (2 * max(len(groups), 1) * len(RATES)))
    found = {}
    for g in groups:
        found[("mean_error", g.name)] = _mean(g, g.error, z)
        found[("mae", g.name)] = _mean(g, g.miss, z)
        found[("within_rate", g.name)] = _within(g, z)
    measures = {f"{rate}_difference": difference(rates_of(found, rate)) for rate in RATES}
    return Fairness(found, measures)


def _mean(g: GroupErrors, total: float, z: float) -> Estimate:
    if g.n_labelled < 2 or g.weight <= 0:
        return Estimate.undefined("fewer than two rows are labelled")
    mean = total / g.weight
    spread = max(g.error2 / g.weight - mean * mean, 0.0)
    half = z * math.sqrt(spread / max(g.weight * g.size - 1, 1.0))
    return Estimate(mean, mean - half, mean + half, NORMAL, g.n_labelled)


def _within(g: GroupErrors, z: float) -> Estimate:
    if g.weight <= 0:
        return Estimate.undefined("no row is labelled")
    share = g.within / g.weight
    low, high = wilson(share, g.weight * g.size, z)
    return Estimate(share, low, high, METHOD, g.n_labelled)
