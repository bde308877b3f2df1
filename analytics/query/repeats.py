"""Rows that repeat an earlier one, counted a span of time at a time and remembered by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from analytics.core import Dataset, Scope
from analytics.query.aligned import Rows
from analytics.query.blocks import spans_of
from analytics.query.frame import frame
from analytics.query.groups import Key
from analytics.query.weeks import week_of
from analytics.sources.relation import quote_name

if TYPE_CHECKING:
    from analytics.query.engine import Engine

Counts = dict[Key, tuple[int, int]]
A_GROUP = 200  # bytes that a remembered one may come to, about


def duplicate_rows(engine: Engine, dataset: Dataset, scope: Scope) -> Counts:
    """(rows, rows that repeat the features and moment of an earlier one) of every group.

    Such rows have one moment, so that a long log is looked through a span of time at a time, and days
    add up to weeks and to the whole: pages and monitors ask for both, and rows are read once.
    """
    names = tuple(c.name for c in dataset.schema.features)
    if not names:
        return {}
    log, rows = dataset.log("predictions", scope.log), Rows(dataset, scope.log)
    is_summed = (
        scope.every in (None, "week") and scope.wait is None and scope.window.first_row is None
    )
    is_by_day = is_summed and "timestamp" in log.columns
    found: Counts = {}
    for span in spans_of(dataset, scope):
        asked = replace(span, every="day") if is_by_day else span
        counted: Counts = engine.summaries.hold(
            ("repeats", rows.state, log, names, asked),
            partial(_held, engine, dataset, names, asked),
        )
        for (period, version), (n, repeated) in counted.items():
            if is_by_day and period is not None:
                period = week_of(period) if scope.every == "week" else None
            key = (period, version)
            before = found.get(key, (0, 0))
            found[key] = (before[0] + n, before[1] + repeated)
    return found


def _held(
    engine: Engine, dataset: Dataset, names: Sequence[str], scope: Scope
) -> tuple[int, Counts]:
    """(bytes, counts), as they are kept."""
    rows = frame(dataset, scope, names)
    if rows is None:
        return A_GROUP, {}
    key = ", ".join(["timestamp", *map(quote_name, names)])
    sql = rows.select(
        f"SELECT _period, _version, count(*), count(*) - count(DISTINCT hash({key}))"
        " FROM rows GROUP BY ALL"
    )
    found = engine.rows(sql, rows.values)
    counts = {(period, version): (int(n), int(again)) for period, version, n, again in found}
    return A_GROUP * (1 + len(counts)), counts
