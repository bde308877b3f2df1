"""How the groups of a column fare: rates by group and the distances between them, as Results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from analytics.core import Cut, Dataset, Estimate, Question, Result, Verdict
from analytics.errors import UsageError
from analytics.query.cells import MISSING, OTHER, conditions_of, cut_columns, segment_text
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.group_counts import group_counts
from analytics.query.group_errors import group_errors, usual_error
from analytics.slices.error_fairness import GroupErrors, error_fairness
from analytics.slices.fairness import Fairness, GroupCounts, fairness

MIN_ROWS = 50  # rows that a group needs
MOST_CLASSES = 12
TOLERANCE = 0.1
FOUR_FIFTHS = 0.8  # of the best-off group's rate
UNSURE = "too few rows to tell it from equality"
LABELS = {
    "selection_rate": "Predicted positive",
    "true_positive_rate": "True positive rate",
    "false_positive_rate": "False positive rate",
    "calibration_gap": "Score minus truth",
    "demographic_parity_difference": "Demographic parity difference",
    "demographic_parity_ratio": "Demographic parity ratio",
    "equal_opportunity_difference": "Equal opportunity difference",
    "equalized_odds_difference": "Equalized odds difference",
    "calibration_difference": "Calibration difference",
    "mean_error": "Mean error",
    "mae": "Mean absolute error",
    "within_rate": "Within tolerance",
    "mean_error_difference": "Mean error difference",
    "mae_difference": "Mean absolute error difference",
    "within_rate_difference": "Within tolerance difference",
}


def group_fairness(
    engine: Engine, dataset: Dataset, question: Question, column: str
) -> list[Result]:
    """Distances between the groups of a column first, then every rate of every group.

    Numbers are cut at the quarters of the reference. Groups of fewer than the question's
    ``min_rows`` (50) rows are named and left out. Of more than two classes, each is looked at
    against the rest (``detail.class``). Of a model of numbers, errors are compared: their mean, their
    mean size, and the share of rows that miss by no more than half of the reference's rows do
    (``detail.within``); distances of the first two are told in parts of the mean size of all
    errors (``detail.scale``). A distance is a warning when it is beyond what is tolerated
    and its interval leaves out equality, critical when its whole interval is beyond. Raises
    UsageError for a model without predictions, NameUnknown for a column that it lacks.
    """
    schema = dataset.schema
    if schema.task == "none":
        raise UsageError(
            "Fairness compares what is predicted, and this model predicts nothing.",
            "",
            "Name a role for the prediction when the log is imported.",
        )
    reference = whole(question.reference) if question.reference else whole(question.scope)
    cuts = cut_columns(engine, dataset, reference, [schema.column(column)])
    cuts = cuts or cut_columns(engine, dataset, whole(question.scope), [schema.column(column)])
    if not cuts:
        raise UsageError(
            f"{column} makes no groups.", "It is no number or category.", "Choose another column."
        )
    if schema.task == "regression":
        return _errors(engine, dataset, question, cuts[0])
    classes = [str(schema.positive)] if schema.task == "binary" else [*schema.classes]
    results = []
    for name in classes[:MOST_CLASSES]:
        found = _class(engine, dataset, question, cuts[0], name)
        if schema.task == "multiclass":
            found = [replace(r, detail={**r.detail, "class": name}) for r in found]
        results += found
    return results


def _class(
    engine: Engine, dataset: Dataset, question: Question, cut: Cut, class_name: str
) -> list[Result]:
    least = question.min_rows or MIN_ROWS
    counts = group_counts(engine, dataset, whole(question.scope), cut, class_name)
    groups = [_group(code, row) for code, row in sorted(counts.items()) if int(row[0]) >= least]
    n_labelled = sum(int(row[6]) for row in counts.values())
    left_out = sorted(say_cell(cut, code) for code, row in counts.items() if int(row[0]) < least)
    n = sum(int(row[0]) for row in counts.values())
    more: dict[str, object] = {"left_out": left_out}
    return _results(question, cut, fairness(groups), groups, (n, n_labelled, more))


def _errors(engine: Engine, dataset: Dataset, question: Question, cut: Cut) -> list[Result]:
    """The same of errors; nothing is said where no row of either side is labelled."""
    scope, least = whole(question.scope), question.min_rows or MIN_ROWS
    tolerance = (
        usual_error(engine, dataset, whole(question.reference)) if question.reference else None
    )
    if tolerance is None:
        tolerance = usual_error(engine, dataset, scope) or 0.0
    counts = group_errors(engine, dataset, scope, cut, tolerance)
    groups = [
        GroupErrors(
            code, int(row[0]), int(row[1]), float(row[2]),
            float(row[2]) / float(row[3]) if row[3] else 1.0, *map(float, row[4:]),
        )
        for code, row in sorted(counts.items())
        if int(row[0]) >= least
    ]  # fmt: skip
    weight = sum(float(row[2]) for row in counts.values())
    scale = sum(float(row[6]) for row in counts.values()) / weight if weight else 0.0
    left_out = sorted(say_cell(cut, code) for code, row in counts.items() if int(row[0]) < least)
    n, n_labelled = (sum(int(row[i]) for row in counts.values()) for i in (0, 1))
    more: dict[str, object] = {"left_out": left_out, "within": tolerance, "scale": scale}
    return _results(question, cut, error_fairness(groups), groups, (n, n_labelled, more))


def _results(
    question: Question,
    cut: Cut,
    answer: Fairness,
    groups: Sequence[GroupCounts | GroupErrors],
    rest: tuple[int, int, dict[str, object]],
) -> list[Result]:
    n, n_labelled, more = rest
    results = [
        _result(question, cut, (name, estimate, n, n_labelled), more)
        for name, estimate in answer.measures.items()
    ]
    known = {group.name: group for group in groups}
    scale = {k: v for k, v in more.items() if k in ("scale", "within")}
    for (name, code), estimate in answer.groups.items():
        numbers = (name, estimate, known[code].n, known[code].n_labelled)
        found = _result(question, cut, numbers, {"group": say_cell(cut, code), **scale})
        conditions = conditions_of(cut, code)
        results.append(replace(found, segment=segment_text(conditions) if conditions else None))
    return results


def _group(code: str, row: Sequence[Any]) -> GroupCounts:
    n, selected, tp, fp, fn, tn, n_labelled, w, w2, n_score, miss, miss2 = row
    return GroupCounts(
        code, int(n), int(selected), float(tp), float(fp), float(fn), float(tn), int(n_labelled),
        float(w) / float(w2) if w2 else 1.0, float(n_score), float(miss), float(miss2),
    )  # fmt: skip


def say_cell(cut: Cut, code: str) -> str:
    """A group in a few words: a level, or the span of a quarter."""
    if code == MISSING:
        return "missing"
    if code == OTHER:
        return "all others"
    if cut.levels:
        return code
    at = int(code)
    if at == 0:
        return f"up to {cut.edges[0]:g}"
    if at == len(cut.edges):
        return f"over {cut.edges[-1]:g}"
    return f"{cut.edges[at - 1]:g} to {cut.edges[at]:g}"


def _result(
    question: Question,
    cut: Cut,
    numbers: tuple[str, Estimate, int, int],
    more: dict[str, object],
) -> Result:
    name, estimate, n, n_labelled = numbers
    is_amount = name.startswith(("mean_error", "mae"))
    verdict = verdict_of(name, estimate, float(str(more["scale"])) if is_amount else 1.0)
    return Result(
        name=name,
        column=cut.column,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        interval=estimate.interval,
        n=n,
        n_labelled=n_labelled,
        version=question.scope.version,
        window=question.scope.window,
        segment=question.scope.segment.text if question.scope.segment else None,
        verdict=verdict,
        reason=estimate.reason or (UNSURE if verdict == "undefined" else None),
        detail={"label": LABELS[name], "unit": "label" if is_amount else "share", **more},
    )


def verdict_of(name: str, estimate: Estimate, scale: float = 1.0) -> Verdict:
    """ok within what is tolerated; rates of single groups have no verdict of their own.

    Beyond it, a distance that chance alone could make is undefined: there are too few rows to tell.
    """
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "undefined"
    if name == "demographic_parity_ratio":
        if estimate.value >= FOUR_FIFTHS:
            return "ok"
        if estimate.high >= 1.0:
            return "undefined"
        return "critical" if estimate.high < FOUR_FIFTHS else "warning"
    if not name.endswith("_difference") or estimate.value <= TOLERANCE * scale:
        return "ok"
    if estimate.low <= 0:
        return "undefined"
    return "critical" if estimate.low > TOLERANCE * scale else "warning"
