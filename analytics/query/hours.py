"""The hours of a log, each with a mark that is another where its rows or their labels are."""

from __future__ import annotations

from datetime import datetime

from analytics.core import Dataset, LogName, Scope
from analytics.query.engine import Engine
from analytics.query.frame import frame


def mark_hours(engine: Engine, dataset: Dataset, log: LogName) -> dict[datetime, str] | None:
    """Rows, labelled rows and a sum over ids and settled labels of each hour; None where a row has no time."""
    rows = frame(dataset, Scope(log), with_labels=True, engine=engine)
    if rows is None:
        return {}
    sql = rows.select(
        "SELECT date_trunc('hour', timestamp) AS hour, count(*), count(label),"
        " bit_xor(hash(prediction_id, label, known_at, _weight)) FROM rows GROUP BY hour ORDER BY hour"
    )
    found = engine.rows(sql, rows.values)
    if any(hour is None for hour, *_rest in found):
        return None
    return {hour: f"{hour.isoformat()} {n} {labelled} {mark}" for hour, n, labelled, mark in found}
