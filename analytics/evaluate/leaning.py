"""Which columns a model leans on by a surrogate, in the reference and in each period, and what shifted."""

from __future__ import annotations

from typing import Any

import numpy as np

from analytics.core import Column, Dataset, Estimate, Question, Result
from analytics.drift.domain_classifier_auc import capped
from analytics.errors import LogError, UsageError
from analytics.explain.leaning import GROUPS, MOST, TOLERANCE, Said, codes_of, lean_shift
from analytics.query.engine import Engine
from analytics.query.forecast import RowsSaid, rows_said
from analytics.query.frame import whole
from analytics.query.groups import Group, count_groups
from analytics.query.pool import feature_columns
from analytics.query.samples import as_matrix
from analytics.stats.decision import decide

NAME = "surrogate_importance"
MOST_ROWS, MOST_FEATURES = GROUPS * MOST, 60


def leaning(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """The share of each column in the importance of a surrogate, one Result a column and period.

    Raises LogError where the model logs no features or nothing that it said, UsageError without a
    reference.
    """
    columns = feature_columns(dataset, MOST_FEATURES)
    schema = dataset.schema
    if not columns or not (schema.has("prediction") or schema.has("score")):
        raise LogError(
            f"{dataset.model} logs no features, or nothing that it said of them.",
            "A surrogate learns what the model says from what it saw.",
            "Import a log with features and a prediction or score.",
        )
    if question.reference is None:
        raise UsageError(
            "A shift of importance needs a reference.",
            "The surrogate of the window is held beside that of the reference.",
            "Import one: telltale import FILE --model NAME --as reference; or use previous or A..B.",
        )
    target = "score" if schema.task == "binary" and schema.has("score") else "prediction"
    names = [*(c.name for c in columns), target]
    known = rows_said(engine, dataset, whole(question.reference), names, MOST_ROWS).get(
        (None, None)
    )
    mine = rows_said(engine, dataset, question.scope, names, MOST_ROWS)
    results: list[Result] = []
    for group in count_groups(engine, dataset, question.scope):
        now = mine.get(group.key)
        found = [Estimate.undefined("no rows with a prediction", group.n)] * len(columns)
        if known is not None and now is not None:
            found = _shift(engine, dataset, columns, target, (known, now))
        results += _results(question, group, columns, found)
    return results


def _shift(
    engine: Engine,
    dataset: Dataset,
    columns: list[Column],
    target: str,
    sides: tuple[RowsSaid, RowsSaid],
) -> list[Estimate]:
    kinds = tuple(c.type != "numeric" for c in columns)
    x = as_matrix(columns, dict(sides[0].columns), dict(sides[1].columns))
    both = capped(np.vstack(x), kinds)  # rare levels share a code on both sides
    parts = both[: len(x[0])], both[len(x[0]) :]
    then, now = (
        _said(dataset, matrix, side.columns[target], target)
        for matrix, side in zip(parts, sides, strict=True)
    )
    return lean_shift(then, now, kinds, lambda _share: engine.check())


def _said(dataset: Dataset, x: Any, column: Any, target: str) -> Said:
    is_class = target == "prediction" and dataset.schema.task != "regression"
    if is_class:
        said = codes_of(
            np.ma.filled(np.ma.asarray(column, dtype=object), ""), dataset.schema.classes
        )
    else:
        said = np.ma.filled(np.ma.asarray(column, dtype=float), np.nan)
    kept = np.isfinite(said)
    return Said(x[kept], said[kept], is_class)


def _results(
    question: Question, group: Group, columns: list[Column], found: list[Estimate]
) -> list[Result]:
    verdicts = decide([(e, TOLERANCE) for e in found])
    return [
        Result(
            name=NAME, value=e.value, low=e.low, high=e.high, interval=e.interval, n=group.n,
            verdict=verdict, window=group.window, version=group.version, column=c.name,
            segment=question.scope.segment.text if question.scope.segment else None, reason=e.reason,
            detail={**e.detail, "label": "Share of importance", "unit": "share", "page": "why",
                    "tolerance": list(TOLERANCE), "p_adjusted": p},
        )
        for c, e, (verdict, p) in zip(columns, found, verdicts, strict=True)
    ]  # fmt: skip
