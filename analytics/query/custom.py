"""Rows put together for a metric of somebody's own: moments of an expression, or its quantile."""

from __future__ import annotations

from analytics.core import CustomMetric, Dataset, Scope
from analytics.needs import Moments
from analytics.query.engine import Engine
from analytics.query.expression import compile_expression
from analytics.query.frame import frame
from analytics.query.groups import Key

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
AGGREGATES = ("mean", "share", "sum", *QUANTILES)


def moments(
    engine: Engine, dataset: Dataset, scope: Scope, metric: CustomMetric
) -> dict[Key, Moments]:
    """Counts and power sums of the expression over the rows of every group; missing ones apart.

    Weighted like every metric; a quantile comes with the order statistics that hold it.
    """
    found = compile_expression(metric.expression, dataset.schema)
    rows = frame(dataset, scope, found.columns, with_labels=found.needs_labels, engine=engine)
    if rows is None:
        return {}
    weight = "_weight" if found.needs_labels else "1"
    value = f"({found.sql})::BOOLEAN::INT" if metric.aggregate == "share" else f"({found.sql})"
    keep = " WHERE label IS NOT NULL" if found.needs_labels else ""
    inner = (
        f"SELECT _period, _version, CASE WHEN isfinite(x) THEN x END AS x, w FROM (SELECT _period,"
        f" _version, CAST({value} AS DOUBLE) AS x, {weight} AS w FROM rows{keep})"
    )
    share = QUANTILES.get(metric.aggregate)
    picks = _quantile(share) if share else "NULL, NULL, NULL"
    centre = "avg(x) OVER (PARTITION BY _period, _version)"
    sql = rows.select(
        "SELECT _period, _version, count(x), count(*) - count(x), sum(w) FILTER (x IS NOT NULL),"
        " sum(w * w) FILTER (x IS NOT NULL), any_value(c), sum(w * (x - c)), sum(w * (x - c) ** 2),"
        f" sum(w * (x - c) ** 3), {picks} FROM (SELECT *, {centre} AS c FROM ({inner}))"
        " GROUP BY ALL"
    )
    answer = {}
    for period, version, n, n_missing, *sums in engine.rows(sql, {**rows.values, **found.values}):
        if not n:
            answer[(period, version)] = Moments(0, int(n_missing))
            continue
        numbers = [None if s is None else float(s) for s in sums]
        answer[(period, version)] = Moments(int(n), int(n_missing), *numbers)  # type: ignore[arg-type]
    return answer


def _quantile(share: float) -> str:
    ordered = "list(x ORDER BY x) FILTER (x IS NOT NULL)"
    ends = []
    for side in (0.0, -1.96, 1.96):
        at = f"{share!r} + {side} * sqrt({share * (1 - share)!r} / count(x))"
        rank = f"CAST(greatest(1, least(count(x), ceil(count(x) * ({at})))) AS BIGINT)"
        ends.append(f"list_extract({ordered}, {rank})")
    return ", ".join(ends)
