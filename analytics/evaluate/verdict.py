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
from analytics.stats.difference import difference

MEAN_OF_ABSOLUTE = math.sqrt(2 / math.pi)  # E|Z| of a standard normal Z


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
    found = difference(current, reference)
    change = current.value - reference.value
    detail: dict[str, Any] = {
        "reference": reference.value,
        "change": change,
        "n_reference": reference.n,
        **_band(metric, reference.value),
    }
    if found.value is None or found.se is None:
        return Compared(Estimate.undefined("no interval to compare with"), detail)
    worse = _worse(metric.better, current.value, reference.value)
    scale = abs(reference.value) if is_relative(metric) else 1.0
    floor = found.se * MEAN_OF_ABSOLUTE
    detail |= {
        "p_value": found.detail["p_value"],
        "above_floor": max(0.0, worse - floor) / scale if scale > 0 else 0.0,
        "change_low": found.low,
        "change_high": found.high,
    }
    return Compared(Estimate(worse, n=current.n, detail=detail), detail)


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
