"""From labelled rows to what performance metrics need: counts by class, counts by score, pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from analytics.core import Dataset, Scope
from analytics.needs import ClassScores, Confusion, Pairs, Scores
from analytics.query import blocks
from analytics.query.engine import Arrays, Engine
from analytics.query.frame import Frame, frame
from analytics.query.groups import Key
from analytics.sources.relation import quote_name

_T = TypeVar("_T")
SORTED_ROWS = 20_000_000  # sorted here at 25 bytes a row; more are grouped by the engine
UNLABELLED = ""  # the true class of a row without a label, for metrics that need no labels


def predicted_class(dataset: Dataset) -> str:
    """SQL of the class that counts as predicted: the logged one, else the threshold on the score."""
    schema = dataset.schema
    if schema.task != "binary" or schema.threshold is None or len(schema.classes) != 2:
        return "prediction"
    negative = next(c for c in schema.classes if c != schema.positive)
    yes, no = _text(str(schema.positive)), _text(negative)
    by_score = f"CASE WHEN score >= {float(schema.threshold)!r} THEN {yes} WHEN score IS NOT NULL THEN {no} END"
    return f"coalesce(prediction, {by_score})"


def confusions(
    engine: Engine, dataset: Dataset, scope: Scope, *, labelled: bool = True
) -> dict[Key, Confusion]:
    """Counts of (label, predicted) of every group; all rows with an empty label if not labelled."""
    rows = frame(dataset, scope, ("prediction", "score"), with_labels=labelled, engine=engine)
    if rows is None:
        return {}
    predicted = predicted_class(dataset)
    label, weight = ("label", "_weight") if labelled else (f"'{UNLABELLED}'", "1")
    keep = f"{predicted} IS NOT NULL" + (" AND label IS NOT NULL" if labelled else "")
    sql = rows.select(
        f"SELECT _period, _version, {label} AS truth, {predicted} AS predicted, count(*) AS n,"
        f" sum({weight}) AS w, sum({weight} * {weight}) AS w2 FROM rows WHERE {keep} GROUP BY ALL"
    )
    found: dict[Key, list[tuple[Any, ...]]] = {}
    for period, version, *row in engine.rows(sql, rows.values):
        found.setdefault((period, version), []).append(tuple(row))
    return {key: confusion_of(counted, dataset) for key, counted in found.items()}


def confusion_of(counted: Sequence[tuple[Any, ...]], dataset: Dataset) -> Confusion:
    """A confusion from (label, predicted, rows, weight, weight squared)."""
    seen = {row[0] for row in counted} | {row[1] for row in counted}
    classes = tuple(sorted(seen | set(dataset.schema.classes)))
    index = {name: i for i, name in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)))
    for truth, predicted, _n, weight, _w2 in counted:
        counts[index[truth], index[predicted]] += weight
    n, sum_w2 = sum(row[2] for row in counted), sum(row[4] for row in counted)
    return Confusion(classes, counts, int(n), float(sum_w2), dataset.schema.positive)


def scores(
    engine: Engine, dataset: Dataset, scope: Scope, *, labelled: bool = True
) -> dict[Key, Scores]:
    """Positives and negatives by distinct score of every group of a binary task."""
    is_positive = f"label = {_text(str(dataset.schema.positive))}" if labelled else "false"
    return _scores(engine, dataset, scope, "score", is_positive, labelled=labelled)


def class_scores(engine: Engine, dataset: Dataset, scope: Scope) -> dict[Key, ClassScores]:
    """One against the rest, for every class that has a score column."""
    by_key: dict[Key, dict[str, Scores]] = {}
    for column in dataset.schema.columns:
        if column.role != "score" or column.class_name is None:
            continue
        is_class = f"label = {_text(column.class_name)}"
        found = _scores(engine, dataset, scope, f"score_{column.class_name}", is_class)
        for key, value in found.items():
            by_key.setdefault(key, {})[column.class_name] = value
    return {
        key: ClassScores(value, max(s.n for s in value.values())) for key, value in by_key.items()
    }


def _scores(
    engine: Engine,
    dataset: Dataset,
    scope: Scope,
    column: str,
    is_positive: str,
    *,
    labelled: bool = True,
) -> dict[Key, Scores]:
    rows = frame(dataset, scope, (column,), with_labels=labelled, engine=engine)
    if rows is None:
        return {}
    is_joined = labelled and rows.held is None  # labels are read by every join anew
    if rows.most > blocks.ROWS and blocks.can_be_cut(scope) and not is_joined:
        pieces = [
            found[None, None]
            for block in blocks.blocks_of(dataset, scope)
            if (found := _block(engine, block, scope, (column, is_positive), labelled=labelled))
        ]
        return {(None, None): Scores.merged(pieces)} if pieces else {}
    return _at_once(engine, scope, rows, (column, is_positive), labelled=labelled)


def _block(
    engine: Engine, block: Dataset, scope: Scope, asked: tuple[str, str], *, labelled: bool
) -> dict[Key, Scores]:
    rows = frame(block, scope, asked[:1], with_labels=labelled, engine=engine)
    return {} if rows is None else _at_once(engine, scope, rows, asked, labelled=labelled)


def _at_once(
    engine: Engine, scope: Scope, rows: Frame, asked: tuple[str, str], *, labelled: bool
) -> dict[Key, Scores]:
    column, is_positive = asked
    name, weight = quote_name(column), "_weight" if labelled else "1"
    keep = f"{name} IS NOT NULL" + (" AND label IS NOT NULL" if labelled else "")
    if rows.most <= SORTED_ROWS and not scope.by_version:
        picks = [f"{name} AS score", f"{is_positive} AS is_positive"]
        picks += [f"{weight} AS weight"] if labelled and rows.is_weighted else []
        picks += ["_period", "_version"] if scope.every is not None else []
        text = rows.select(f"SELECT {', '.join(picks)} FROM rows WHERE {keep}")
        return _sorted_scores(engine.arrays(text, rows.values))
    sql = rows.select(
        f"SELECT _period, _version, {name} AS score, count(*) AS n,"
        f" coalesce(sum({weight}) FILTER ({is_positive}), 0) AS positives,"
        f" sum({weight}) AS w, sum({weight} * {weight}) AS w2"
        f" FROM rows WHERE {keep} GROUP BY ALL ORDER BY _period, _version, score"
    )
    return dict(split_groups(engine.arrays(sql, rows.values), _as_scores))


def _sorted_scores(found: Arrays) -> dict[Key, Scores]:
    """Rows sorted by score, period by period."""
    if "_period" not in found:
        return {(None, None): _of_rows(found, slice(None))} if len(found["score"]) else {}
    period = np.ma.asarray(found["_period"]).filled(np.iinfo(np.int64).max)
    if (period[1:] < period[:-1]).any():
        order = np.argsort(period, kind="stable")
        found = {name: column[order] for name, column in found.items()}
    return dict(split_groups(found, _of_rows))


def _of_rows(found: Arrays, at: slice) -> Scores:
    weight = np.asarray(found["weight"][at], dtype=float) if "weight" in found else None
    score = np.asarray(found["score"][at], dtype=float)
    return Scores.from_arrays(found["is_positive"][at], score, sample_weight=weight)


def _as_scores(found: Arrays, at: slice) -> Scores:
    score = np.asarray(found["score"][at], dtype=float)
    positives = np.asarray(found["positives"][at], dtype=float)
    total, n = np.asarray(found["w"][at], dtype=float), found["n"][at]
    valid = np.isfinite(score)
    return Scores(
        score[valid],
        positives[valid],
        total[valid] - positives[valid],
        int(n[valid].sum()),
        float(np.asarray(found["w2"][at], dtype=float)[valid].sum()),
        int(n[~valid].sum()),
    )


def pairs(engine: Engine, dataset: Dataset, scope: Scope) -> dict[Key, Pairs]:
    """Label, prediction and weight of the labelled rows of every group of a regression."""
    rows = frame(dataset, scope, ("prediction",), with_labels=True, engine=engine)
    if rows is None:
        return {}
    sql = rows.select(
        "SELECT _period, _version, label, prediction, _weight FROM rows"
        " WHERE label IS NOT NULL AND prediction IS NOT NULL ORDER BY _period, _version"
    )
    return dict(split_groups(engine.arrays(sql, rows.values), _as_pairs))


def _as_pairs(found: Arrays, at: slice) -> Pairs:
    return Pairs.from_arrays(
        np.asarray(found["label"][at], dtype=float),
        np.asarray(found["prediction"][at], dtype=float),
        sample_weight=np.asarray(found["_weight"][at], dtype=float),
    )


def split_groups(found: Arrays, build: Callable[[Arrays, slice], _T]) -> Iterator[tuple[Key, _T]]:
    """Arrays ordered by (period, version), one piece for each pair."""
    n = len(found["_period"])
    if not n:
        return
    period, version = np.ma.asarray(found["_period"]), np.ma.asarray(found["_version"])
    changes = np.zeros(n, dtype=bool)
    for column in (period, version):
        missing = np.ma.getmaskarray(column)
        data = np.ma.getdata(column)
        changes[1:] |= (data[1:] != data[:-1]) & ~(missing[1:] & missing[:-1])
        changes[1:] |= missing[1:] != missing[:-1]
    starts = np.flatnonzero(changes | (np.arange(n) == 0)).tolist()
    for start, end in zip(starts, [*starts[1:], n], strict=True):
        yield (_value(period, start), _value(version, start)), build(found, slice(start, end))


def _value(column: Any, at: int) -> Any:
    value = column[at]
    return None if value is np.ma.masked else getattr(value, "item", lambda: value)()


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
