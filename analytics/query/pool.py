"""Rows one by one with what is known of them: from which labels are planned and losses learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.core import Column, Dataset, Scope
from analytics.needs import Floats
from analytics.query.engine import Arrays, Engine
from analytics.query.frame import frame
from analytics.query.performance import predicted_class
from analytics.sources.relation import quote_name

TYPES = ("numeric", "categorical", "boolean")


@dataclass(frozen=True, slots=True)
class Pool:
    """Rows of a scope in an order of their own (by a hash of their id).

    ``features`` are arrays by name with missing values masked. ``y_true`` is the label that is
    known, by whatever way it came: text (None where unknown), or numbers (NaN).
    """

    ids: tuple[str, ...]
    features: dict[str, Any]
    y_pred: npt.NDArray[Any]
    y_true: npt.NDArray[Any]
    is_known: npt.NDArray[np.bool_]
    proba: Floats | None
    classes: tuple[str, ...]


def feature_columns(dataset: Dataset, most: int) -> list[Column]:
    """The first ``most`` features that are numbers, levels or yes and no."""
    return [c for c in dataset.schema.features if c.type in TYPES][:most]


def read_pool(
    engine: Engine,
    dataset: Dataset,
    scope: Scope,
    features: Sequence[Column],
    *,
    most: int,
    labelled_only: bool = False,
) -> Pool:
    """At most ``most`` rows of the scope that have a prediction."""
    scores = _scores(dataset)
    names = [c.name for c in features]
    wanted = ("prediction", "score", *names, *scores.values())
    rows = frame(dataset, scope, wanted, with_labels=True, with_corrections=True)
    said = predicted_class(dataset)
    keep = f"{said} IS NOT NULL" + (" AND label IS NOT NULL" if labelled_only else "")
    if rows is None:
        return _empty(dataset, names)
    picks = [f"{quote_name(name)} AS f{i}" for i, name in enumerate(names)]
    picks += [f"{quote_name(name)} AS s{i}" for i, name in enumerate(scores.values())]
    sql = rows.select(
        f"SELECT {', '.join(['prediction_id', f'{said} AS said', 'label', *picks])} FROM rows"
        f" WHERE {keep} ORDER BY hash(prediction_id), prediction_id LIMIT {int(most)}"
    )
    return _as_pool(engine.arrays(sql, rows.values), dataset, names, scores)


def labels_of(
    engine: Engine, dataset: Dataset, scope: Scope, ids: Sequence[str]
) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Label and answer ({"said", "score_<class>"}) of those of ``ids`` whose label is known."""
    scores = _scores(dataset)
    wanted = ("prediction", "score", *scores.values())
    rows = frame(dataset, scope, wanted, with_labels=True, with_corrections=True)
    if rows is None or not ids:
        return {}
    picks = ", ".join(quote_name(name) for name in scores.values()) or "NULL"
    sql = rows.select(
        f"SELECT prediction_id, label, {predicted_class(dataset)}, {picks} FROM rows"
        " WHERE label IS NOT NULL AND list_contains($ids, prediction_id)"
    )
    found = engine.rows(sql, {**rows.values, "ids": list(ids)})
    return {
        row[0]: (row[1], {"said": row[2], **dict(zip(scores, row[3:], strict=False))})
        for row in found
    }


def _scores(dataset: Dataset) -> dict[str, str]:
    """Class to the column of its score; a binary model's one score is the positive class's."""
    schema = dataset.schema
    found = {
        c.class_name: f"score_{c.class_name}"
        for c in schema.columns
        if c.role == "score" and c.class_name is not None
    }
    if not found and schema.task == "binary" and schema.positive and schema.has("score"):
        return {schema.positive: "score"}
    return found


def proba_of(
    dataset: Dataset, columns: dict[str, Floats], n: int
) -> tuple[Floats | None, tuple[str, ...]]:
    """(a column of scores for each class, the classes) from what was logged; None without scores."""
    schema = dataset.schema
    if not columns:
        return None, ()
    if schema.task == "binary" and len(columns) == 1:
        (name, score) = next(iter(columns.items()))
        other = next((c for c in schema.classes if c != name), f"not {name}")
        return np.column_stack([1 - score, score]), (other, name)
    return np.column_stack(list(columns.values())).reshape(n, len(columns)), tuple(columns)


def _as_pool(found: Arrays, dataset: Dataset, names: list[str], scores: dict[str, str]) -> Pool:
    n = len(found["prediction_id"])
    columns: dict[str, Floats] = {
        name: np.ma.filled(np.ma.asarray(found[f"s{i}"], dtype=float), np.nan)
        for i, name in enumerate(scores)
    }
    proba, classes = proba_of(dataset, columns, n)
    is_known = ~np.ma.getmaskarray(found["label"])
    y_pred: npt.NDArray[Any]
    y_true: npt.NDArray[Any]
    if dataset.schema.task == "regression":
        y_pred = np.ma.filled(np.ma.asarray(found["said"], dtype=float), np.nan)
        y_true = np.ma.filled(np.ma.asarray(found["label"], dtype=float), np.nan)
    else:
        y_pred = np.asarray(np.ma.getdata(found["said"]), dtype=object)
        y_true = np.asarray(np.ma.getdata(found["label"]), dtype=object).copy()
        y_true[~is_known] = None
    return Pool(
        tuple(str(i) for i in np.ma.getdata(found["prediction_id"]).tolist()),
        {name: found[f"f{i}"] for i, name in enumerate(names)},
        y_pred,
        y_true,
        is_known,
        proba,
        classes,
    )


def _empty(dataset: Dataset, names: list[str]) -> Pool:
    kind: Any = float if dataset.schema.task == "regression" else object
    nothing: npt.NDArray[Any] = np.empty(0, dtype=kind)
    features = {name: np.ma.array([], mask=[]) for name in names}
    return Pool((), features, nothing, nothing, np.empty(0, dtype=bool), None, ())
