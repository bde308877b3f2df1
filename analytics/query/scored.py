"""Labelled rows with the score of every class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.core import Dataset, Scope
from analytics.needs import Floats
from analytics.query.engine import Engine
from analytics.query.frame import frame
from analytics.sources.relation import quote_name


@dataclass(frozen=True, slots=True)
class Scored:
    """Ids, settled labels, and one column of scores for each of ``classes``."""

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    proba: Floats
    classes: tuple[str, ...]


def scored_rows(engine: Engine, dataset: Dataset, scope: Scope) -> Scored | None:
    """The labelled rows of a scope whose scores are all there; None where no scores were logged.

    Of a binary model with one score, the other class has what is missing to 1.
    """
    schema = dataset.schema
    by_class = {
        c.class_name: f"score_{c.class_name}"
        for c in schema.columns
        if c.class_name and c.role == "score"
    }
    classes = tuple(c for c in schema.classes if c in by_class)
    if schema.task == "binary" and len(classes) < 2 and schema.has("score") and schema.positive:
        classes = tuple(schema.classes)
        names = ["score"]
    else:
        names = [by_class[c] for c in classes]
    if len(classes) < 2 or schema.task == "regression":
        return None
    rows = frame(dataset, scope, names, with_labels=True, engine=engine)
    if rows is None:
        return None
    picks = ", ".join(f"CAST({quote_name(name)} AS DOUBLE) AS s{i}" for i, name in enumerate(names))
    there = " AND ".join(f"{quote_name(name)} IS NOT NULL" for name in names)
    found = engine.rows(
        rows.select(
            f"SELECT prediction_id, label, {picks} FROM rows WHERE label IS NOT NULL AND {there}"
            " ORDER BY prediction_id"
        ),
        rows.values,
    )
    kept = [row for row in found if row[1] in classes]
    proba = np.array([row[2:] for row in kept], dtype=float).reshape(len(kept), len(names))
    if names == ["score"]:
        columns = [proba[:, 0] if c == schema.positive else 1 - proba[:, 0] for c in classes]
        proba = np.column_stack(columns) if kept else np.empty((0, 2))
    ids, labels = (tuple(str(row[i]) for row in kept) for i in (0, 1))
    return Scored(ids, labels, proba, classes)
