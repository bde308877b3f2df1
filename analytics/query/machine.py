"""The log of resources by column, and the silences between requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from analytics.core import Dataset, Scope
from analytics.query.engine import Engine
from analytics.query.frame import frame, time_conditions
from analytics.query.settled import where
from analytics.sources.relation import quote_name, relation

Row = tuple[int, float, float, float, int, datetime | None]


def uses(
    engine: Engine, dataset: Dataset, scope: Scope, columns: Sequence[str], full: float
) -> dict[str, Row]:
    """Of every column with samples: how many, mean, p95, largest, how many full, the first moment full."""
    if not columns or scope.window.first_row is not None:
        return {}
    values: dict[str, object] = {"full": full}
    log = dataset.log("resources", scope.log)
    conditions = time_conditions(Scope(window=scope.window, as_of=scope.as_of), values)
    picks = ", ".join(
        f"count({c}), avg({c}), quantile_disc({c}, 0.95), max({c}),"
        f" count(*) FILTER ({c} >= $full), min(timestamp) FILTER ({c} >= $full)"
        for c in map(quote_name, columns)
    )
    (found,) = engine.rows(f"SELECT {picks} FROM {relation(log)}{where(conditions)}", values)
    answer: dict[str, Row] = {}
    for i, column in enumerate(columns):
        n, mean, p95, largest, n_full, first = found[6 * i : 6 * i + 6]
        if n:
            answer[column] = (int(n), float(mean), float(p95), float(largest), int(n_full), first)
    return answer


def silences(
    engine: Engine, dataset: Dataset, scope: Scope, most: int = 5
) -> tuple[list[tuple[datetime, datetime]], list[float]]:
    """(the longest silences, newest last among equals; seconds of the longest that began each day).

    Silences of a minute and more: only those can lie between the first and last request of two
    minutes. Days in which none began are not among the second.
    """
    rows = frame(dataset, scope)
    if rows is None:
        return [], []
    gaps = (
        "minutes AS (SELECT min(timestamp) AS first, max(timestamp) AS last FROM rows"
        " WHERE timestamp IS NOT NULL GROUP BY date_trunc('minute', timestamp)),"
        " gaps AS (SELECT last AS start, lead(first) OVER (ORDER BY first) AS stop FROM minutes),"
        " long AS (SELECT start, stop, epoch_us(stop) - epoch_us(start) AS us FROM gaps"
        " WHERE stop IS NOT NULL AND epoch_us(stop) - epoch_us(start) >= 60000000)"
    )
    head = f"{rows.sql},\n{gaps}"
    longest = engine.rows(
        f"{head} SELECT start, stop FROM long ORDER BY us DESC, start LIMIT {int(most)}",
        rows.values,
    )
    by_day = engine.rows(
        f"{head} SELECT max(us) / 1e6 FROM long GROUP BY date_trunc('day', start) ORDER BY 1",
        rows.values,
    )
    return [(start, stop) for start, stop in longest], [float(s) for (s,) in by_day]
