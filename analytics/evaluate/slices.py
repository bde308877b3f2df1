"""Where the model does worse: slices found on one half of the rows and checked on the other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from analytics.core import Condition, Cut, Dataset, Estimate, Question, Result
from analytics.errors import UsageError
from analytics.evaluate.guards import RELATIVE, TOLERANCE, change_of_loss, mean_loss
from analytics.query.cells import OTHER, conditions_of, cut_columns, segment_text
from analytics.query.compare import Halves, Side, Sums, halves_by_cells
from analytics.query.engine import Engine
from analytics.slices.weak import Cell, Columns, Key, Slice, Wanted, find_weak_slices
from analytics.stats.decision import decide
from analytics.stats.intervals import Z95, wilson

MIN_ROWS = 50  # labelled rows of a half that a slice needs, and at least one row in a hundred
MOST = 20
MOST_COLUMNS = 20  # more than that are searched two conditions deep
ALPHA = 0.95


def slices(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """Slices of up to three conditions (two where there are many columns) with a higher loss than the rest, worst damage first.

    Numbers are cut at the quarters of the reference (of the window where there is none). The search
    sees one half of the labelled rows; value, interval and verdict come from the other half, where
    each slice is tested against the rows outside it, all in one Benjamini-Hochberg family. They are
    ordered by ``detail.gain``: errors (or units of error) that the slice has beyond the rest's rate.
    Raises UsageError for a model without predictions or a column that it lacks.
    """
    if dataset.schema.task == "none":
        raise UsageError(
            "This model logs no prediction, so no slice can be weak. Name a role for the prediction."
        )
    features = [
        c
        for c in dataset.schema.features
        if c.type in ("numeric", "categorical", "boolean")
        and (not question.columns or c.name in question.columns)
    ]
    lacking = [n for n in question.columns if n not in {c.name for c in dataset.schema.features}]
    if lacking:
        raise UsageError(f"{lacking[0]} is no feature of this model. Name columns that are.")
    side = Side(dataset, question.scope)
    cuts = cut_columns(engine, dataset, question.reference or question.scope, features)
    seen: dict[Key, Halves] = {}

    def count(asked: Sequence[Columns]) -> Mapping[Key, Cell]:
        found = halves_by_cells(engine, side, cuts, asked)
        seen.update(found)
        named = {k: h for k, h in found.items() if all(code != OTHER for _i, code in k)}
        return {k: Cell(h.n, h.loss, h.most) for k, h in named.items()}

    labelled = count([()]).get((), Cell(0, 0.0, 0.0)).n
    support = max(MIN_ROWS, math.ceil(labelled / 100))
    deepest = 3 if len(cuts) <= MOST_COLUMNS else 2
    found = find_weak_slices(count, len(cuts), Wanted(ALPHA, support, deepest, MOST))
    return _judge(dataset, question, cuts, found, seen)


def _judge(
    dataset: Dataset,
    question: Question,
    cuts: Sequence[Cut],
    found: Sequence[Slice],
    seen: Mapping[Key, Halves],
) -> list[Result]:
    is_relative = dataset.schema.task == "regression"
    tolerance = RELATIVE if is_relative else TOLERANCE
    tested = []
    for one in found:
        inside, everything = seen[one.key].checked, seen[()].checked
        rest = _without(everything, inside)
        if min(inside[0], rest[0]) >= MIN_ROWS // 2:
            tested.append((one, change_of_loss(inside, rest, None, is_relative)))
    verdicts = decide([(change, tolerance) for _one, change in tested])
    results = []
    for (one, change), (verdict, p_adjusted) in zip(tested, verdicts, strict=True):
        conditions = [c for i, code in one.key for c in conditions_of(cuts[i], code) or ()]
        halves = seen[one.key]
        n_all = halves.n + halves.checked[0]
        value = _value(halves, is_relative)
        detail = {
            **{k: v for k, v in change.detail.items() if k not in ("candidate", "baseline")},
            "label": "Mean absolute error" if is_relative else "Accuracy",
            "unit": "label" if is_relative else "score",
            "conditions": [
                {"column": c.column, "operator": c.operator, "value": c.value} for c in conditions
            ],
            "rest": change.detail["baseline"],
            "n_rest": change.detail["n_baseline"],
            "change": change.value,
            "change_low": change.low,
            "change_high": change.high,
            "gain": -float(change.value or 0.0) * n_all,
            "n_all": n_all,
            "share": n_all / (seen[()].n + seen[()].checked[0]),
            "score": one.score,
            "p_adjusted": p_adjusted,
            "tolerance": list(tolerance),
        }
        results.append(_result(question, conditions, value, verdict, detail))
    return sorted(results, key=lambda r: -float(r.detail["gain"]))


def _without(whole: Sums, part: Sums) -> Sums:
    n, weight, weight2, loss, loss2 = (a - b for a, b in zip(whole, part, strict=True))
    return int(n), weight, weight2, loss, loss2


def _value(halves: Halves, is_relative: bool) -> Estimate:
    """Accuracy (or mean absolute error) of the rows that the search did not see."""
    mean, variance = mean_loss(halves.checked)
    n = halves.checked[0]
    if is_relative:
        se = math.sqrt(variance)
        return Estimate(mean, max(mean - Z95 * se, 0.0), mean + Z95 * se, "normal", n, se)
    low, high = wilson(1 - mean, halves.checked[1] ** 2 / halves.checked[2])
    return Estimate(1 - mean, low, high, "Wilson", n)


def _result(
    question: Question,
    conditions: Sequence[Condition],
    value: Estimate,
    verdict: object,
    detail: Mapping[str, object],
) -> Result:
    return Result(
        name="mae" if value.interval == "normal" else "accuracy",
        version=question.scope.version,
        value=value.value,
        low=value.low,
        high=value.high,
        interval=value.interval,
        n=value.n,
        n_labelled=value.n,
        verdict=verdict,  # type: ignore[arg-type]
        window=question.scope.window,
        segment=segment_text(conditions),
        detail=detail,
    )
