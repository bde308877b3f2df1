"""How many rows arrive: by period, in earlier windows of the same length, and how long the gaps are."""

from __future__ import annotations

from datetime import timedelta

from analytics.core import Dataset, Scope, Window
from analytics.query.engine import Engine
from analytics.query.frame import frame, in_window

N_EARLIER = 8


def earlier_counts(engine: Engine, dataset: Dataset, scope: Scope) -> tuple[int, ...]:
    """Rows in up to eight windows of the same length before this one, oldest first.

    Windows that begin before the log's first event are left out; empty without a window of time.
    """
    start, end, first = scope.window.start, scope.window.end, dataset.first_event
    if start is None or end is None or first is None:
        return ()
    length = end - start
    n_whole = min(N_EARLIER, int((start - first) / length))
    if n_whole < 1:
        return ()
    since = start - n_whole * length
    rows = frame(dataset, in_window(scope, Window(since, start)))
    if rows is None:
        return (0,) * n_whole
    sql = rows.select(
        "SELECT CAST(floor(date_diff('microsecond', $since, timestamp) / $length) AS BIGINT) AS w,"
        " count(*) FROM rows GROUP BY w"
    )
    values = {**rows.values, "since": since, "length": length / timedelta(microseconds=1)}
    counted = {int(w): int(n) for w, n in engine.rows(sql, values)}
    return tuple(counted.get(i, 0) for i in range(n_whole))


def typical_gap_s(engine: Engine, dataset: Dataset, scope: Scope) -> float | None:
    """The 99th percentile of the seconds between consecutive rows; None for fewer than two."""
    rows = frame(dataset, scope)
    if rows is None:
        return None
    sql = rows.select(
        "SELECT quantile_cont(gap, 0.99) FROM (SELECT date_diff('microsecond',"
        " lag(timestamp) OVER (ORDER BY timestamp), timestamp) / 1e6 AS gap FROM rows)"
    )
    found = engine.rows(sql, rows.values)[0][0]
    return None if found is None else float(found)
