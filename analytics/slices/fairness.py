"""How groups fare under a classifier: rates by group, and how far apart they stand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from analytics.core import Estimate

ALPHA = 0.05
METHOD = "Wilson, Bonferroni over groups"
RATES = ("selection_rate", "true_positive_rate", "false_positive_rate")
FEW = "fewer than two groups are large enough"


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """One group: all its predictions, and the labelled ones by truth and prediction (weights).

    ``n`` rows of which ``selected`` were predicted positive; ``size`` is the share of effective
    rows among the weight (1 unweighted). ``n_score`` labelled rows have a score: ``miss`` is the sum
    of score minus truth over them and ``miss2`` of its square.
    """

    name: str
    n: int
    selected: int
    tp: float = 0.0
    fp: float = 0.0
    fn: float = 0.0
    tn: float = 0.0
    n_labelled: int = 0
    size: float = 1.0
    n_score: float = 0.0
    miss: float = 0.0
    miss2: float = 0.0


@dataclass(frozen=True, slots=True)
class Fairness:
    """The rates of every group, and the distances between groups; intervals hold all at once."""

    groups: Mapping[tuple[str, str], Estimate]  # (rate, group)
    measures: Mapping[str, Estimate]


def fairness(groups: Sequence[GroupCounts], alpha: float = ALPHA) -> Fairness:
    """Rates by group, demographic parity, equal opportunity, equalized odds and calibration.

    All intervals of one answer hold together with probability 1 - alpha: each is widened for the
    number of them (Bonferroni). What is said of a distance follows from them. A rate without rows
    (no positive in a group) is undefined and left out of the distances.

    >>> a = GroupCounts("a", 4, 4, tp=3, fp=1, n_labelled=4)
    >>> b = GroupCounts("b", 3, 1, tp=1, fn=1, tn=1, n_labelled=3)
    >>> round(fairness([a, b]).measures["demographic_parity_difference"].value, 4)
    0.6667
    """
    has_scores = any(g.n_score > 0 for g in groups)
    z = NormalDist().inv_cdf(1 - alpha / (2 * max(len(groups), 1) * (4 if has_scores else 3)))
    found = {(rate, g.name): _rate(g, rate, z) for g in groups for rate in RATES}
    measures = {
        "demographic_parity_difference": difference(rates_of(found, RATES[0])),
        "demographic_parity_ratio": _ratio(rates_of(found, RATES[0])),
        "equal_opportunity_difference": difference(rates_of(found, RATES[1])),
        "equalized_odds_difference": _larger(
            difference(rates_of(found, RATES[1])), difference(rates_of(found, RATES[2]))
        ),
    }
    if has_scores:
        found |= {("calibration_gap", g.name): _calibration(g, z) for g in groups}
        measures["calibration_difference"] = difference(rates_of(found, "calibration_gap"))
    return Fairness(found, measures)


def rates_of(found: Mapping[tuple[str, str], Estimate], rate: str) -> list[Estimate]:
    """One rate of every group that has it."""
    return [e for (name, _group), e in found.items() if name == rate and e.value is not None]


def _rate(group: GroupCounts, rate: str, z: float) -> Estimate:
    parts: dict[str, tuple[float, float, float, int]] = {
        "selection_rate": (group.selected, group.n, group.n, group.n),
        "true_positive_rate": _sized(group.tp, group.tp + group.fn, group),
        "false_positive_rate": _sized(group.fp, group.fp + group.tn, group),
    }
    part, total, size, n = parts[rate]
    if total <= 0:
        reason = {
            "true_positive_rate": "no positive row is labelled",
            "false_positive_rate": "no negative row is labelled",
        }.get(rate, "no rows")
        return Estimate.undefined(reason)
    share = part / total
    low, high = wilson(share, size, z)
    return Estimate(share, low, high, METHOD, n)


def _sized(part: float, total: float, group: GroupCounts) -> tuple[float, float, float, int]:
    return part, total, total * group.size, round(total)


def wilson(share: float, n: float, z: float) -> tuple[float, float]:
    """The ends of Wilson's interval for a share of n rows, at z standard deviations."""
    z2 = z * z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share))


def _calibration(group: GroupCounts, z: float) -> Estimate:
    """Mean score minus the share that was positive."""
    if group.n_score < 2:
        return Estimate.undefined("no labelled row has a score")
    mean = group.miss / group.n_score
    spread = max(group.miss2 / group.n_score - mean * mean, 0.0)
    size = max(group.n_score * group.size, 2.0)
    half = z * math.sqrt(spread / (size - 1))
    method = "normal, Bonferroni over groups"
    return Estimate(mean, mean - half, mean + half, method, round(group.n_score))


def difference(rates: Sequence[Estimate]) -> Estimate:
    """Largest minus smallest; bounded by the ends of intervals that hold together."""
    if len(rates) < 2:
        return Estimate.undefined(FEW)
    values, lows, highs = _ends(rates)
    low = max(0.0, max(lows) - min(highs))
    return Estimate(
        max(values) - min(values), low, max(highs) - min(lows), rates[0].interval, _n(rates)
    )


def _ratio(rates: Sequence[Estimate]) -> Estimate:
    """Smallest over largest."""
    if len(rates) < 2:
        return Estimate.undefined(FEW)
    values, lows, highs = _ends(rates)
    if max(values) <= 0:
        return Estimate.undefined("nobody was predicted positive", _n(rates))
    high = min(1.0, min(highs) / max(lows)) if max(lows) > 0 else 1.0
    return Estimate(
        min(values) / max(values), min(lows) / max(highs), high, rates[0].interval, _n(rates)
    )


def _larger(one: Estimate, other: Estimate) -> Estimate:
    """The larger of two distances; its interval holds both."""
    known = [e for e in (one, other) if e.value is not None]
    if len(known) < 2:
        return Estimate.undefined(FEW)

    def most(of: Callable[[Estimate], float | None]) -> float:
        return max(float(of(e) or 0.0) for e in known)

    n = sum(e.n for e in known)
    return Estimate(
        most(lambda e: e.value), most(lambda e: e.low), most(lambda e: e.high), one.interval, n
    )


def _ends(rates: Sequence[Estimate]) -> tuple[list[float], list[float], list[float]]:
    return (
        [float(e.value or 0.0) for e in rates],
        [float(e.low or 0.0) for e in rates],
        [float(e.high or 0.0) for e in rates],
    )


def _n(rates: Sequence[Estimate]) -> int:
    return sum(e.n for e in rates)
