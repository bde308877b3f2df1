"""What a model said, before any label: rows by distinct score and predicted class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.core import Dataset, Scope
from analytics.needs import Floats
from analytics.query.chosen import Choice, choose
from analytics.query.engine import Arrays, Engine
from analytics.query.frame import frame
from analytics.query.groups import Key
from analytics.query.performance import predicted_class, split_groups
from analytics.sources.relation import quote_name, quote_text


@dataclass(frozen=True, slots=True)
class SaidByScore:
    """Distinct (score, predicted class) of a binary task, and how many rows have them."""

    score: Floats
    is_positive: npt.NDArray[np.bool_]
    count: Floats


def said_by_score(
    engine: Engine, dataset: Dataset, scope: Scope, *, labelled: bool = False
) -> Mapping[Key, SaidByScore]:
    """All rows with a score and a predicted class, labelled or not, of every group.

    With ``labelled`` only those whose label is known, each by its weight.
    """
    picked = ("prediction", "score")
    rows = frame(dataset, scope, picked, with_labels=labelled, engine=engine if labelled else None)
    if rows is None:
        return {}
    predicted = predicted_class(dataset)
    is_positive = f"{predicted} = {quote_text(str(dataset.schema.positive))}"
    sql = rows.select(
        f"SELECT _period, _version, score, {is_positive} AS said,"
        f" {'sum(_weight)' if labelled else 'count(*)'} AS n FROM rows WHERE isfinite(score)"
        f" AND {predicted} IS NOT NULL{' AND label IS NOT NULL' if labelled else ''} GROUP BY ALL"
        " ORDER BY _period, _version, score, said"
    )

    def build(found: Arrays, at: slice) -> SaidByScore:
        return SaidByScore(
            np.asarray(found["score"][at], dtype=float),
            np.asarray(found["said"][at], dtype=bool),
            np.asarray(found["n"][at], dtype=float),
        )

    return dict(split_groups(engine.arrays(sql, rows.values), build))


@dataclass(frozen=True, slots=True)
class RowsSaid:
    """Rows of one group in the order of time, of which there are ``total``: by name of the column.

    ``label`` is the settled label, masked where unknown or not asked for; ``weight`` is 1 over the
    chance with which it was asked for, 1 for labels that arrive by themselves. A prediction is the
    class that counts as predicted.
    """

    columns: Mapping[str, Any]
    label: Any
    total: int
    weight: Any


def rows_said(
    engine: Engine,
    dataset: Dataset,
    scope: Scope,
    columns: Sequence[str],
    most: int,
    *,
    labelled: bool = False,
) -> Mapping[Key, RowsSaid]:
    """At most ``most`` rows of every group, chosen by a hash of their id.

    With ``labelled`` only those whose label is known.
    """
    rows = frame(dataset, scope, (*columns, "score"), with_labels=labelled, engine=engine)
    if rows is None:
        return {}
    named = [predicted_class(dataset) if c == "prediction" else quote_name(c) for c in columns]
    listed = ", ".join(f"{name} AS c{i}" for i, name in enumerate(named))
    label, weight = ("label", "_weight") if labelled else ("NULL", "1")
    picks = f"timestamp, row, {label} AS label, {listed}, {weight} AS w"
    keep = "label IS NOT NULL" if labelled else "true"
    found = choose(engine, rows, Choice(picks, most, keep, "timestamp, row, place"))

    def build(found: Arrays, at: slice) -> RowsSaid:
        chosen = {c: found[f"c{i}"][at] for i, c in enumerate(columns)}
        total = int(found["total"][at][0])
        return RowsSaid(chosen, found["label"][at], total, np.asarray(found["w"][at], dtype=float))

    return dict(split_groups(found, build))
