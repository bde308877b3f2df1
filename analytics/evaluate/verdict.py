"""When a difference deserves a word: a constant threshold, or a change against the reference.

A change needs both: the effect with its noise floor taken off above the tolerance, and evidence
that survives Benjamini-Hochberg over everything asked in the run. A p-value alone never alerts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from analytics.core import Better, Estimate, Metric, Verdict
from analytics.stats.decision import decide

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Compared:
    """The evidence that decides, and what an answer shows of the comparison."""

    evidence: Estimate
    detail: dict[str, Any] = field(default_factory=dict)


def is_relative(metric: Metric) -> bool:
    """Whether the metric's tolerance is a share of the reference value."""
    return metric.unit not in ("share", "score")


def tolerance_of(metric: Metric) -> tuple[float, float]:
    """(warning, critical) change that matters."""
    return metric.tolerance


def compare(metric: Metric, current: Estimate, reference: Estimate | None) -> Compared:
    """The change for the worse, less what noise alone would show, with its two-sided p-value."""
    if reference is None or reference.value is None or current.value is None:
        return Compared(Estimate.undefined("nothing to compare with"))
    change = current.value - reference.value
    detail: dict[str, Any] = {
        "reference": reference.value,
        "change": change,
        "n_reference": reference.n,
    }
    detail |= _band(metric, reference.value)
    errors = (standard_error(current), standard_error(reference))
    if errors[0] is None or errors[1] is None:
        return Compared(Estimate.undefined("no interval to compare with"), detail)
    se = math.hypot(errors[0], errors[1])
    worse = _worse(metric.better, current.value, reference.value)
    scale = abs(reference.value) if is_relative(metric) else 1.0
    floor = se * math.sqrt(2 / math.pi)
    above = max(0.0, worse - floor) / scale if scale > 0 else 0.0
    p_value = math.erfc(abs(change) / se / math.sqrt(2)) if se > 0 else float(change == 0)
    detail |= {
        "p_value": p_value,
        "above_floor": above,
        "change_low": change - Z95 * se,
        "change_high": change + Z95 * se,
    }
    return Compared(Estimate(worse, n=current.n, detail=detail), detail)


def standard_error(estimate: Estimate) -> float | None:
    """The estimate's standard error, else a quarter of its interval's width, about."""
    if estimate.se is not None:
        return estimate.se
    if estimate.low is None or estimate.high is None:
        return None
    return (estimate.high - estimate.low) / (2 * Z95)


def _worse(better: Better, value: float, reference: float) -> float:
    if better == "higher":
        return reference - value
    if better == "lower":
        return value - reference
    if better == "zero":
        return abs(value) - abs(reference)
    return abs(value - reference)


def _band(metric: Metric, reference: float) -> dict[str, float]:
    """The band around the reference inside which nothing is said."""
    width = metric.tolerance[0] * (abs(reference) if is_relative(metric) else 1.0)
    low = reference if metric.better == "lower" else reference - width
    high = reference if metric.better == "higher" else reference + width
    return {"band_low": min(low, reference - width), "band_high": max(high, reference + width)}


def judge(
    changes: Sequence[tuple[Estimate, tuple[float, float]]],
    constants: Sequence[tuple[Estimate, Better, tuple[float, float] | None]],
) -> list[tuple[Verdict, float | None]]:
    """A verdict and an adjusted p-value for each number of one run.

    A constant threshold (warning, critical) wins over the comparison: past it with the whole
    interval is that verdict, past it with the value alone is one step milder.
    """
    decided = decide(changes)
    answers: list[tuple[Verdict, float | None]] = []
    for (verdict, p_adjusted), (estimate, better, bounds) in zip(decided, constants, strict=True):
        if bounds is not None:
            answers.append((_against_constant(estimate, better, bounds), None))
        else:
            answers.append(("ok" if verdict == "undefined" else verdict, p_adjusted))
    return answers


def _against_constant(estimate: Estimate, better: Better, bounds: tuple[float, float]) -> Verdict:
    if estimate.value is None:
        return "undefined"
    sign = -1.0 if better == "higher" else 1.0
    value = sign * estimate.value
    edges = [sign * e for e in (estimate.low, estimate.high) if e is not None] or [value]
    warning, critical = sign * bounds[0], sign * bounds[1]
    if min(edges) > critical:
        return "critical"
    if value > critical or min(edges) > warning or value > warning:
        return "warning"
    return "ok"
