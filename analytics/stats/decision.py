"""The one rule that turns effects and p-values of a run into verdicts.

An alert needs both: an effect with its noise floor taken off above the tolerance, and a p-value
that survives Benjamini-Hochberg (1995) over every test of the run. A p-value alone never alerts,
because at a million rows everything is significant; an effect alone never does, because at a
hundred rows everything looks large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.core import Estimate, Verdict
from analytics.stats.multiplicity import benjamini_hochberg

ALPHA = 0.05
LEVELS: tuple[Verdict, ...] = ("ok", "warning", "critical")
Family = Sequence[tuple[Mapping[str, Any], tuple[float, float]]]
FEW = 12  # tests of a family that are sooner worked out one by one
MIN_ROWS = 30  # fewer rows on a side than this give no verdict


def decide(
    estimates: Sequence[tuple[Estimate, tuple[float, float]]],
    alpha: float = ALPHA,
) -> list[tuple[Verdict, float | None]]:
    """(verdict, adjusted p-value) for every (estimate, (warning, critical)) of one run.

    Reads ``detail["p_value"]`` and ``detail["above_floor"]``; an estimate without a value, p-value
    or effect is undefined and stays out of the family.

    >>> strong = Estimate(0.4, detail={"p_value": 1e-9, "above_floor": 0.3})
    >>> chance = Estimate(0.2, detail={"p_value": 0.04, "above_floor": 0.15})
    >>> [verdict for verdict, _ in decide([(strong, (0.1, 0.2)), (chance, (0.1, 0.2))])]
    ['critical', 'warning']
    """
    tested = [i for i, (estimate, _tolerance) in enumerate(estimates) if _is_tested(estimate)]
    family = [(estimates[i][0].detail, estimates[i][1]) for i in tested]
    answers: list[tuple[Verdict, float | None]] = [("undefined", None)] * len(estimates)
    for i, answer in zip(tested, judge(family, alpha), strict=True):
        answers[i] = answer
    return answers


def judge(family: Family, alpha: float = ALPHA) -> list[tuple[Verdict, float]]:
    """(verdict, adjusted p-value) for a family of (detail, (warning, critical)), all of them tested.

    The arithmetic of ``decide``, in arrays: a page may hold ten thousand verdicts.
    """
    return judge_families([family], alpha)[0]


def judge_families(
    families: Sequence[Family], alpha: float = ALPHA
) -> list[list[tuple[Verdict, float]]]:
    """``judge`` for several families of one page, which share its false alarms.

    Benjamini and Hochberg within a family, Holm (1979) over the families: the smallest adjusted
    p-value of the strongest of K families counts K times, that of the next K - 1 times and at least
    as much as the one before. Where nothing changed, any verdict comes with a chance of at most
    ``alpha`` (under independent or positively dependent tests within a family).

    >>> sure, chance = {"p_value": 0.01, "above_floor": 1}, {"p_value": 0.03, "above_floor": 1}
    >>> [[p for _, p in found] for found in judge_families([[(chance, (0, 2))], [(sure, (0, 2))]])]
    [[0.03], [0.02]]
    """
    if len(families) == 1 and len(families[0]) <= FEW:
        return [_judge_few(families[0], alpha)]
    adjusted = [benjamini_hochberg(np.array([float(d["p_value"]) for d, _ in f])) for f in families]
    order = sorted((i for i, f in enumerate(families) if f), key=lambda i: float(adjusted[i].min()))
    before = 0.0
    for place, i in enumerate(order):
        adjusted[i] = np.clip((len(order) - place) * adjusted[i], before, 1.0)
        before = float(adjusted[i].min())
    return [_levels(f, p, alpha) for f, p in zip(families, adjusted, strict=True)]


def _judge_few(family: Family, alpha: float) -> list[tuple[Verdict, float]]:
    """The same for a family of a few tests without arrays: a page asks that a hundred times."""
    p, m, least = [float(d["p_value"]) for d, _ in family], len(family), 1.0
    order = sorted(range(m), key=p.__getitem__)
    answers: list[tuple[Verdict, float]] = [("ok", 1.0)] * m
    for rank in range(m, 0, -1):
        i = order[rank - 1]
        least = min(least, p[i] * m / rank)
        detail, (warning, critical) = family[i]
        above = float(detail["above_floor"])
        is_passed = least < alpha and above > warning
        answers[i] = LEVELS[is_passed * (1 + (above > critical))], least
    return answers


def _levels(
    family: Family, adjusted: npt.NDArray[np.float64], alpha: float
) -> list[tuple[Verdict, float]]:
    if not family:
        return []
    above = np.array([float(d["above_floor"]) for d, _ in family])
    limits = np.array([tolerance for _, tolerance in family], dtype=float)
    passed = (above[:, None] > limits).astype(int)  # warning, critical
    level = (adjusted < alpha) * passed[:, 0] * (1 + passed[:, 1])
    return [(LEVELS[i], p) for i, p in zip(level.tolist(), adjusted.tolist(), strict=True)]


def _is_tested(estimate: Estimate) -> bool:
    detail = estimate.detail
    has_effect = detail.get("p_value") is not None and detail.get("above_floor") is not None
    return estimate.value is not None and has_effect
