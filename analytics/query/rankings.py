"""From labelled rows to what the rarer metrics need: worth, ranks, quantiles, groups of items."""

from __future__ import annotations

import numpy as np

from analytics.core import Dataset, Scope
from analytics.needs import Quantiles, Rankings, Ranks, Valued
from analytics.query.engine import Arrays, Engine
from analytics.query.frame import frame
from analytics.query.groups import Key
from analytics.query.performance import confusions, split_groups
from analytics.sources.relation import quote_name, quote_text


def valued(engine: Engine, dataset: Dataset, scope: Scope) -> dict[Key, Valued]:
    """The confusion table of every group with the model's values of right and wrong."""
    values = {(truth, said): worth for truth, said, worth in dataset.schema.values}
    if not values:
        return {}
    found = confusions(engine, dataset, scope)
    return {key: Valued(confusion, values) for key, confusion in found.items()}


def ranks(engine: Engine, dataset: Dataset, scope: Scope) -> dict[Key, Ranks]:
    """Rows by the rank of their true class's score; rows that lack a score are left out."""
    classes = [c.class_name for c in dataset.schema.columns if c.role == "score" and c.class_name]
    if not classes:
        return {}
    columns = [f"score_{name}" for name in classes]
    rows = frame(dataset, scope, columns, with_labels=True, engine=engine)
    if rows is None:
        return {}
    names = [quote_name(c) for c in columns]
    cases = [f"WHEN {quote_text(c)} THEN {n}" for c, n in zip(classes, names, strict=True)]
    own = f"CASE label {' '.join(cases)} END"
    above = " + ".join(f"({name} > own)::INT" for name in names)
    present = " AND ".join(f"{name} IS NOT NULL" for name in names)
    sql = rows.select(
        f"SELECT _period, _version, {above} AS above, count(*), sum(_weight), sum(_weight * _weight)"
        f" FROM (SELECT *, {own} AS own FROM rows WHERE {present})"
        " WHERE own IS NOT NULL GROUP BY ALL"
    )
    found: dict[Key, list[tuple[int, int, float, float]]] = {}
    for period, version, *row in engine.rows(sql, rows.values):
        found.setdefault((period, version), []).append(tuple(row))
    return {key: _ranks(counted, len(classes)) for key, counted in found.items()}


def _ranks(counted: list[tuple[int, int, float, float]], size: int) -> Ranks:
    by_rank = np.zeros(size)
    for above, _n, weight, _w2 in counted:
        by_rank[above] += weight
    return Ranks(by_rank, sum(row[1] for row in counted), float(sum(row[3] for row in counted)))


def quantiles(engine: Engine, dataset: Dataset, scope: Scope) -> dict[Key, Quantiles]:
    """Label and predicted quantiles of the labelled rows of every group."""
    levels = sorted(
        float(c.class_name) for c in dataset.schema.columns if c.role == "quantile" and c.class_name
    )
    if not levels:
        return {}
    columns = [f"quantile_{level!r}" for level in levels]
    rows = frame(dataset, scope, columns, with_labels=True, engine=engine)
    if rows is None:
        return {}
    names = [quote_name(c) for c in columns]
    present = " AND ".join(f"isfinite({name})" for name in names)
    sql = rows.select(
        f"SELECT _period, _version, label, _weight, {', '.join(names)} FROM rows"
        f" WHERE isfinite(label) AND {present} ORDER BY _period, _version"
    )

    def build(found: Arrays, at: slice) -> Quantiles:
        predicted = np.array([np.asarray(found[c][at], dtype=float) for c in columns])
        return Quantiles(
            np.asarray(found["label"][at], dtype=float),
            tuple(levels),
            predicted,
            np.asarray(found["_weight"][at], dtype=float),
        )

    return dict(split_groups(engine.arrays(sql, rows.values), build))


def rankings(engine: Engine, dataset: Dataset, scope: Scope) -> dict[Key, Rankings]:
    """Relevance of the labelled items of every group of items, in the order of their score."""
    schema = dataset.schema
    if not (schema.has("group") and schema.has("score")):
        return {}
    rows = frame(dataset, scope, ("ranking_group", "score"), with_labels=True, engine=engine)
    if rows is None:
        return {}
    relevance = (
        f"(label = {quote_text(str(schema.positive))})::DOUBLE"
        if schema.task == "binary"
        else "TRY_CAST(label AS DOUBLE)"
    )
    sql = rows.select(
        f"SELECT _period, _version, dense_rank() OVER (ORDER BY ranking_group) AS number,"
        f" {relevance} AS relevance, score FROM rows WHERE label IS NOT NULL AND isfinite(score)"
        f" AND ranking_group IS NOT NULL AND {relevance} IS NOT NULL"
        " ORDER BY _period, _version, number, score DESC, row"
    )

    def build(found: Arrays, at: slice) -> Rankings:
        return Rankings.from_arrays(
            np.asarray(found["number"][at]),
            np.asarray(found["relevance"][at], dtype=float),
            np.asarray(found["score"][at], dtype=float),
        )

    return dict(split_groups(engine.arrays(sql, rows.values), build))
