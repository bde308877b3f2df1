"""Predictions and labels counted by the cells of one column."""

from __future__ import annotations

from typing import Any

from analytics.core import Cut, Dataset, Scope
from analytics.query.cells import cell_sql
from analytics.query.engine import Engine
from analytics.query.frame import frame
from analytics.query.performance import predicted_class
from analytics.sources.relation import quote_name

# of a cell: rows, predicted so, tp, fp, fn, tn, labelled rows, weight, weight^2, and over labelled
# rows with a score: weight, score minus truth, its square
Row = tuple[Any, ...]


def group_counts(
    engine: Engine, dataset: Dataset, scope: Scope, cut: Cut, class_name: str
) -> dict[str, Row]:
    """Counts of one class against the rest, by the code of the cell."""
    score = "score" if dataset.schema.task == "binary" else f"score_{class_name}"
    has_score = score in dataset.log("predictions", scope.log).columns
    columns = ("prediction", "score", cut.column, *([score] if has_score else []))
    rows = frame(dataset, scope, columns, with_labels=True, engine=engine)
    if rows is None:
        return {}
    values = {**rows.values, "class_name": class_name}
    cell = cell_sql(cut, values, "g")
    probability = f"CAST({quote_name(score)} AS DOUBLE)" if has_score else "CAST(NULL AS DOUBLE)"
    known = "FILTER (truth IS NOT NULL)"
    scored = "FILTER (truth IS NOT NULL AND isfinite(p) AND p BETWEEN 0 AND 1)"
    pairs = ", ".join(
        f"coalesce(sum(w) FILTER ({said} AND {truth}), 0)"
        for truth, said in (
            ("truth", "said"),
            ("NOT truth", "said"),
            ("truth", "NOT said"),
            ("NOT truth", "NOT said"),
        )
    )
    sql = rows.select(
        f"SELECT cell, count(*), count(*) FILTER (said), {pairs}, count(truth),"
        f" coalesce(sum(w) {known}, 0), coalesce(sum(w * w) {known}, 0), coalesce(sum(w) {scored}, 0),"
        f" coalesce(sum(w * (p - truth::INT)) {scored}, 0),"
        f" coalesce(sum(w * (p - truth::INT) ** 2) {scored}, 0) FROM (SELECT {cell} AS cell,"
        f" {predicted_class(dataset)} = $class_name AS said, label = $class_name AS truth,"
        f" _weight AS w, {probability} AS p FROM rows) WHERE said IS NOT NULL GROUP BY cell"
    )
    return {str(cell): tuple(row) for cell, *row in engine.rows(sql, values)}
