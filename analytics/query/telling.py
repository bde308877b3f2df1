"""What rows say about the answers, counted: numbers by answer, levels by answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics.core import Dataset
from analytics.query.engine import Engine
from analytics.sources.relation import quote_name, relation

MOST_ROWS = 20_000
Rows = list[tuple[Any, ...]]


def correlations(engine: Engine, dataset: Dataset, names: Sequence[str]) -> list[float | None]:
    """The correlation of each numeric column with the prediction."""
    picks = ", ".join(f"corr({_finite(name)}, TRY_CAST(prediction AS DOUBLE))" for name in names)
    return list(engine.rows(f"SELECT {picks} FROM {_rows(dataset)}")[0])


def moments_by_answer(engine: Engine, dataset: Dataset, names: Sequence[str]) -> Rows:
    """One row for each predicted class: n, mean and variance of each numeric column in turn."""
    picks = ", ".join(f"count({q}), avg({q}), var_pop({q})" for q in map(_finite, names))
    return engine.rows(f"SELECT {picks} FROM {_rows(dataset)} GROUP BY prediction")


def moments_by_level(engine: Engine, dataset: Dataset, name: str, most: int) -> Rows:
    """One row for each level of a column (at most ``most``): n, mean and variance of the prediction."""
    return engine.rows(
        f"SELECT count(p), avg(p), var_pop(p) FROM (SELECT {quote_name(name)} AS level,"
        f" TRY_CAST(prediction AS DOUBLE) AS p FROM {_rows(dataset)}) GROUP BY level LIMIT {most}"
    )


def counts_by_level(engine: Engine, dataset: Dataset, name: str) -> Rows:
    """(level, predicted class, rows)."""
    picks = f"{quote_name(name)}, prediction, count(*)"
    return engine.rows(f"SELECT {picks} FROM {_rows(dataset)} GROUP BY ALL")


def largest_value(engine: Engine, dataset: Dataset, names: Sequence[str]) -> float:
    """The largest value of some numeric columns together; 0 without any."""
    log = dataset.log("predictions")
    if not log.parts or not names:
        return 0.0
    picks = ", ".join(f"max({quote_name(name)})" for name in names)
    found = engine.rows(f"SELECT greatest({picks}) FROM {relation(log)}")[0][0]
    return float(found) if found is not None and found == found else 0.0


def _rows(dataset: Dataset) -> str:
    return f"(SELECT * FROM {relation(dataset.log('predictions'))} LIMIT {MOST_ROWS})"


def _finite(name: str) -> str:
    return f"CASE WHEN isfinite({quote_name(name)}) THEN {quote_name(name)} END"
