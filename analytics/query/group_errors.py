"""Errors of a model of numbers, summed by the cells of one column."""

from __future__ import annotations

from typing import Any

from analytics.core import Cut, Dataset, Scope
from analytics.query.cells import cell_sql
from analytics.query.engine import Engine
from analytics.query.frame import frame

ERROR = "CAST(prediction AS DOUBLE) - CAST(label AS DOUBLE)"

# of a cell: rows, labelled rows, weight, weight^2, and weighted: error, its square, its size,
# rows within tolerance
Row = tuple[Any, ...]


def usual_error(engine: Engine, dataset: Dataset, scope: Scope) -> float | None:
    """The size of error that half of the labelled rows stay within; None without labels."""
    rows = frame(dataset, scope, ("prediction",), with_labels=True, engine=engine)
    if rows is None:
        return None
    sql = rows.select(
        f"SELECT median(abs(e)) FROM (SELECT {ERROR} AS e FROM rows) WHERE isfinite(e)"
    )
    found = engine.rows(sql, rows.values)[0][0]
    return None if found is None else float(found)


def group_errors(
    engine: Engine, dataset: Dataset, scope: Scope, cut: Cut, tolerance: float
) -> dict[str, Row]:
    """Sums of errors by the code of the cell."""
    rows = frame(dataset, scope, ("prediction", cut.column), with_labels=True, engine=engine)
    if rows is None:
        return {}
    values = {**rows.values, "tolerance": tolerance}
    cell = cell_sql(cut, values, "g")
    known = "FILTER (isfinite(e))"
    sums = ", ".join(
        f"coalesce(sum({what}) {known}, 0)"
        for what in ("w", "w * w", "w * e", "w * e * e", "w * abs(e)")
    )
    sql = rows.select(
        f"SELECT cell, count(*), count(e) {known}, {sums},"
        " coalesce(sum(w) FILTER (isfinite(e) AND abs(e) <= $tolerance), 0)"
        f" FROM (SELECT {cell} AS cell, {ERROR} AS e, _weight AS w FROM rows"
        " WHERE prediction IS NOT NULL) GROUP BY cell"
    )
    return {str(cell): tuple(row) for cell, *row in engine.rows(sql, values)}
