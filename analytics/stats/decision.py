"""The one rule that turns effects and p-values of a run into verdicts.

An alert needs both: an effect with its noise floor taken off above the tolerance, and a p-value
that survives Benjamini-Hochberg (1995) over every test of the run. A p-value alone never alerts,
because at a million rows everything is significant; an effect alone never does, because at a
hundred rows everything looks large.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analytics.core import Estimate, Verdict
from analytics.stats.multiplicity import benjamini_hochberg

ALPHA = 0.05
MIN_ROWS = 30  # fewer rows on a side than this give no verdict


def decide(
    estimates: Sequence[tuple[Estimate, tuple[float, float]]], alpha: float = ALPHA
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
    p_values = [float(estimates[i][0].detail["p_value"]) for i in tested]
    answers: list[tuple[Verdict, float | None]] = [("undefined", None)] * len(estimates)
    for i, p_adjusted in zip(tested, benjamini_hochberg(np.array(p_values)).tolist(), strict=True):
        estimate, tolerance = estimates[i]
        above = float(estimate.detail["above_floor"])
        answers[i] = (_verdict(p_adjusted < alpha, above, tolerance), p_adjusted)
    return answers


def _is_tested(estimate: Estimate) -> bool:
    facts = (estimate.value, estimate.detail.get("p_value"), estimate.detail.get("above_floor"))
    return all(fact is not None for fact in facts)


def _verdict(is_evident: bool, above_floor: float, tolerance: tuple[float, float]) -> Verdict:
    warning, critical = tolerance
    if not is_evident or above_floor <= warning:
        return "ok"
    return "critical" if above_floor > critical else "warning"
