"""The periods and versions of a scope: their windows, rows, labelled rows and ages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from analytics.core import Dataset, Scope, Segment, Window
from analytics.query.aligned import Rows
from analytics.query.engine import Engine
from analytics.query.frame import frame, segment_sql
from analytics.sources.relation import relation

Key = tuple[int | None, str | None]
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Group:
    """One period of one version: what it spans and how many rows it has.

    ``first`` and ``last`` are the first and last timestamp seen; ``n_young`` counts rows whose
    label may still arrive (younger than the delay in which nearly all labels arrive).
    """

    key: Key
    window: Window
    version: str | None
    n: int
    n_labelled: int = 0
    n_young: int = 0
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delay:
    """How long labels take: quantiles in seconds over ``n`` labels with a recorded arrival."""

    n: int
    median_s: float
    p90_s: float
    p98_s: float


def label_delay(engine: Engine, dataset: Dataset, scope: Scope) -> Delay | None:
    """The delays of the scope's labels; None when their arrival times were not recorded.

    Labels that people were asked for say nothing of how long the truth takes.
    """
    log, rows = dataset.log("labels", scope.log), Rows(dataset, scope.log)
    if "known_at" not in log.columns or not dataset.schema.has("timestamp"):
        return None
    found: Delay | None = engine.summaries.hold(
        ("delay", rows.state, rows.predictions.parts, scope),
        lambda: (200, _delay(engine, dataset, scope)),
    )
    return found


def _delay(engine: Engine, dataset: Dataset, scope: Scope) -> Delay | None:
    rows = frame(dataset, scope, with_labels=True, engine=engine)
    if rows is None:
        return None
    sql = rows.select(
        "SELECT count(delay), quantile_cont(delay, [0.5, 0.9, 0.98]) FROM"
        f" ({delays_sql(dataset, scope)})"
    )
    n, quantiles = engine.rows(sql, rows.values)[0]
    return Delay(int(n), *(float(q) for q in quantiles)) if n else None


def delays_sql(dataset: Dataset, scope: Scope) -> str:
    """The time and the delay in seconds of the labels in ``rows`` that came by themselves."""
    log, asked = dataset.log("labels", scope.log), ""
    if any(("label_asked", "yes") in part.file_types for part in log.parts):
        asked = (
            " AND prediction_id NOT IN"
            f" (SELECT prediction_id FROM {relation(log)} WHERE queue IS NOT NULL)"
        )
    return (
        "SELECT timestamp, date_diff('microsecond', timestamp, known_at) / 1e6 AS delay FROM rows"
        f" WHERE label IS NOT NULL AND known_at IS NOT NULL{asked}"
    )


def last_label(engine: Engine, dataset: Dataset, scope: Scope) -> datetime | None:
    """When the last label of the scope's rows came; None where that was not recorded."""
    if "known_at" not in dataset.log("labels", scope.log).columns:
        return None
    rows = frame(dataset, scope, with_labels=True, engine=engine)
    if rows is None:
        return None
    sql = rows.select("SELECT max(known_at) FROM rows WHERE label IS NOT NULL")
    found: datetime | None = engine.rows(sql, rows.values)[0][0]
    return found


def count_groups(
    engine: Engine,
    dataset: Dataset,
    scope: Scope,
    *,
    now: datetime | None = None,
    delay: Delay | None = None,
    with_labels: bool = True,
) -> list[Group]:
    """Every period and version of the scope in order, with row and label counts.

    A segment may speak of labels, so they are there for it; else only where they are counted.
    """
    rows = frame(dataset, scope, with_labels=with_labels, engine=engine)
    if rows is None:
        return []
    values = dict(rows.values)
    young = "0"
    if now is not None and delay is not None:
        values["settles"] = now - timedelta(seconds=delay.p98_s)
        young = "count(*) FILTER (label IS NULL AND timestamp > $settles)"
    labelled = "count(label)" if with_labels else "0"
    sql = rows.select(
        f"SELECT _period, _version, count(*), {labelled}, {young}, min(timestamp), max(timestamp)"
        " FROM rows GROUP BY ALL ORDER BY _period, _version"
    )
    return [group_of(scope, row) for row in engine.rows(sql, values)]


def count_young(
    engine: Engine, dataset: Dataset, scope: Scope, now: datetime, delay: Delay
) -> dict[Key, int]:
    """Rows by period and version whose label may still come; older ones are not read."""
    settles = now - timedelta(seconds=delay.p98_s) + timedelta(microseconds=1)
    start = max(scope.window.start or settles, settles)
    if scope.window.end is not None and start >= scope.window.end:
        return {}
    recent = replace(scope, window=replace(scope.window, start=start))
    return {g.key: g.n - g.n_labelled for g in count_groups(engine, dataset, recent)}


def count_inside(
    engine: Engine, dataset: Dataset, scope: Scope, segment: Segment | None
) -> tuple[int, int]:
    """(rows of the scope inside the segment, all rows of the scope)."""
    columns = {c.column for c in segment.conditions} if segment else set()
    rows = frame(dataset, scope, sorted(columns - {"label"}), with_labels="label" in columns)
    if rows is None:
        return 0, 0
    values = dict(rows.values)
    inside = "true" if segment is None else segment_sql(segment, dataset, values, "i")
    sql = rows.select(f"SELECT count(*) FILTER ({inside}), count(*) FROM rows")
    n, n_all = engine.rows(sql, values)[0]
    return int(n), int(n_all)


def group_of(scope: Scope, row: tuple[Any, ...]) -> Group:
    """One group from (period, version, rows, labelled, young, first and last timestamp)."""
    period, version, n, n_labelled, n_young, first, last = row
    window = _window(scope, period, first, last)
    return Group(
        (period, version), window, version or scope.version, n, n_labelled, n_young, first, last
    )


def _window(scope: Scope, period: int | None, first: Any, last: Any) -> Window:
    after_last = last + timedelta(microseconds=1) if last else None
    if period is None:
        start, end = scope.window.start or first, scope.window.end or after_last
        return Window(start, end, scope.window.first_row, scope.window.last_row)
    if isinstance(scope.every, int):
        return Window(first, after_last, period, period + scope.every - 1)
    start = _EPOCH + timedelta(microseconds=period)
    return Window(start, period_end(start, str(scope.every)))


def period_of(scope: Scope, window: Window) -> int | None:
    """The number that the rows of a period carry."""
    if scope.every is None:
        return None
    if isinstance(scope.every, int):
        return window.first_row
    return None if window.start is None else (window.start - _EPOCH) // timedelta(microseconds=1)


def period_end(start: datetime, every: str) -> datetime:
    """The end of the hour, day, week or month that begins at ``start``."""
    if every == "month":
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    spans = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
    return start + spans[every]
