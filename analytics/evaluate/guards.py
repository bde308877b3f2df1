"""Guard-rails: is the candidate worse somewhere, even where it is no worse overall?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.core import Column, Condition, Cut, Estimate, Result, Window
from analytics.query.cells import conditions_of, cut_columns, segment_text
from analytics.query.compare import Side, Sums, loss_by_cell, shared_loss_by_cell
from analytics.query.engine import Engine
from analytics.stats.decision import decide
from analytics.stats.intervals import Z95

MIN_ROWS = 50  # labelled rows on either side that a slice needs to be judged
TOLERANCE = (0.03, 0.08)  # a slice that is worse by that much, in points of accuracy
RELATIVE = (0.1, 0.25)  # of a regression: as a share of the baseline's mean absolute error
MEAN_OF_ABSOLUTE = math.sqrt(2 / math.pi)


@dataclass(frozen=True, slots=True)
class BothSides:
    """How columns are cut, and the sums of the loss over their cells on both sides."""

    cuts: tuple[Cut, ...]
    candidate: Mapping[tuple[str, str], Sums]
    baseline: Mapping[tuple[str, str], Sums]


def count_cells(
    engine: Engine, candidate: Side, baseline: Side, columns: Sequence[Column]
) -> BothSides:
    """Both sides' losses over the cells of every column, cut at the candidate's quantiles."""
    cuts = cut_columns(engine, candidate.dataset, candidate.scope, columns)
    mine, theirs = (loss_by_cell(engine, side, cuts) for side in (candidate, baseline))
    return BothSides(cuts, mine, theirs)


def guard_rails(
    engine: Engine, candidate: Side, baseline: Side, found: BothSides, *, is_paired: bool
) -> list[Result]:
    """The change of accuracy (or mean absolute error) in every slice of one condition.

    Slices are the frequent levels of categories and the quarters of numbers. All of them share one Benjamini-Hochberg family; ``value`` is the change for the
    better (accuracy up, error down), the worst first.
    """
    cuts, mine, theirs = found.cuts, found.candidate, found.baseline
    pairs = shared_loss_by_cell(engine, candidate, baseline, cuts) if is_paired else {}
    is_relative = candidate.dataset.schema.task == "regression"
    window = candidate.scope.window
    rows = []
    for cut in cuts:
        for column, code in [k for k in mine if k[0] == cut.column]:
            now, then = mine[(column, code)], theirs.get((column, code))
            conditions = conditions_of(cut, code)
            if then is None or conditions is None or min(now[0], then[0]) < MIN_ROWS:
                continue
            change = change_of_loss(now, then, pairs.get((column, code)), is_relative)
            rows.append((cut, conditions, change))
    tolerance = RELATIVE if is_relative else TOLERANCE
    verdicts = decide([(change, tolerance) for _c, _s, change in rows])
    results = [
        _result(cut, conditions, change, (verdict, p), (window, tolerance, is_relative))
        for (cut, conditions, change), (verdict, p) in zip(rows, verdicts, strict=True)
    ]
    return worst_first(results)


def worst_first(results: Sequence[Result]) -> list[Result]:
    """Broken guard-rails before the others, each kind from the largest loss on."""
    rank = {"critical": 2, "warning": 1}
    return sorted(results, key=lambda r: float(r.value or 0.0) - 10 * rank.get(r.verdict, 0))


def change_of_loss(now: Sums, then: Sums, pair: Sums | None, is_relative: bool) -> Estimate:
    """Baseline's mean loss minus candidate's: above zero is better."""
    mean_now, var_now = mean_loss(now)
    mean_then, var_then = mean_loss(then)
    if pair is not None:
        mean, variance = mean_loss(pair)
        change, method, n = -mean, "t, paired", pair[0]
    else:
        change, variance, method, n = mean_then - mean_now, var_now + var_then, "Welch", now[0]
    se = math.sqrt(variance)
    scale = mean_then if is_relative and mean_then > 0 else 1.0
    p_value = math.erfc(abs(change) / se / math.sqrt(2)) if se > 0 else float(change == 0)
    floor = se * MEAN_OF_ABSOLUTE
    detail: dict[str, Any] = {
        "p_value": p_value,
        "above_floor": max(0.0, -change - floor) / scale,
        "candidate": mean_now if is_relative else 1 - mean_now,
        "baseline": mean_then if is_relative else 1 - mean_then,
        "n_baseline": then[0],
    }
    return Estimate(change, change - Z95 * se, change + Z95 * se, method, n, se, detail=detail)


def mean_loss(sums: Sums) -> tuple[float, float]:
    """(mean, variance of the mean) from weighted sums; n - 1 by Kish's effective size.

    A loss that never varied is given the variance of half a row, so that three right of three
    prove nothing.
    """
    _n, weight, weight2, loss, loss2 = sums
    mean = loss / weight
    spread = max(loss2 / weight - mean * mean, 0.0)
    size = max(weight * weight / weight2, 2.0)
    least = 0.5 / (size + 1) * (1 - 0.5 / (size + 1)) if spread == 0 and mean in (0.0, 1.0) else 0.0
    return mean, max(spread, least) / (size - 1)


def _result(
    cut: Cut,
    conditions: tuple[Condition, ...],
    found: Estimate,
    verdict: tuple[Any, float | None],
    around: tuple[Window, tuple[float, float], bool],
) -> Result:
    window, tolerance, is_relative = around
    detail = {
        **found.detail,
        "label": "Mean absolute error" if is_relative else "Accuracy",
        "unit": "label" if is_relative else "score",
        "conditions": [
            {"column": c.column, "operator": c.operator, "value": c.value} for c in conditions
        ],
        "p_adjusted": verdict[1],
        "tolerance": list(tolerance),
    }
    return Result(
        name="mae" if is_relative else "accuracy",
        column=cut.column,
        value=found.value,
        low=found.low,
        high=found.high,
        interval=found.interval,
        n=found.n,
        n_labelled=found.n,
        verdict=verdict[0],
        window=window,
        segment=segment_text(conditions),
        detail=detail,
    )
