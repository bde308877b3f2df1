"""Rows, sum and sum of squares of what labelled rows lost, by period and version: what adds up."""

from __future__ import annotations

from analytics.core import Dataset, Scope
from analytics.query.engine import Engine
from analytics.query.frame import frame
from analytics.query.groups import Key
from analytics.query.losses import RowLoss

Sums = tuple[int, float, float]


def loss_sums(
    engine: Engine, dataset: Dataset, scope: Scope, of: RowLoss
) -> dict[Key, Sums] | None:
    """(rows, sum, sum of squares) of the loss; None where rows carry weights, which have no bound."""
    rows = frame(dataset, scope, of.columns, with_labels=True, engine=engine)
    if rows is None:
        return {}
    keep = of.keep + (" AND label IS NOT NULL" if of.needs_labels else "")
    is_weighted = of.needs_labels and rows.is_weighted
    weighed = "count(*) FILTER (weight <> 1)" if is_weighted else "0"
    sql = rows.select(
        f"SELECT _period, _version, count(loss), sum(loss), sum(loss * loss), {weighed} FROM"
        f" (SELECT _period, _version, CAST({of.loss} AS DOUBLE) AS loss,"
        f" {'_weight' if is_weighted else '1'} AS weight FROM rows WHERE {keep})"
        " GROUP BY ALL HAVING count(loss) > 0"
    )
    found = engine.rows(sql, {**rows.values, **of.values})
    if any(n_weighed for *_sums, n_weighed in found):
        return None
    return {
        (period, version): (int(n), float(total), float(squares))
        for period, version, n, total, squares, _n in found
    }
