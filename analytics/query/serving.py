"""How the model answers: latency, errors, load, and the resource samples beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from analytics.core import Cut, Dataset, Scope
from analytics.query.cells import cell_sql
from analytics.query.engine import Engine
from analytics.query.frame import frame, period_sql, time_conditions
from analytics.query.groups import Key
from analytics.query.ranks import order_statistics
from analytics.sources.relation import quote_name, relation

SUCCEEDED = "(status IS NULL OR status = 'ok')"
MANY_ROWS = 500_000  # from which on two scans are cheaper than sorting
COARSE = (None, "day", "week", "month")  # periods so long that their bins are few beside their rows
_NO_SAMPLE = ("timestamp", "row", "date", "prediction_id", "received_at")
_SAMPLE_TYPES = ("DOUBLE", "FLOAT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT")
# Numbers, quoted texts and hexadecimal ids differ from one error to the next of the same kind.
FINGERPRINT = (
    r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[^\s<>@]+@[^\s<>@]+"
    r"|0x[0-9a-fA-F]+|[0-9a-fA-F]{8,}|[0-9]+(\.[0-9]+)?|''[^'']*''|\"[^\"]*\"|`[^`]*`"
)
# Of a stack the line that says what was wrong; its frames are grouped by themselves.
_LAST_LINE = (
    "CASE WHEN contains(error_message, 'Traceback (most recent call last)')"
    " THEN regexp_extract(rtrim(error_message, chr(10)), '[^\\n]*$')"
    " ELSE coalesce(error_message, '') END"
)
SLOTS = 24  # pieces of the window in which errors of a kind are counted


@dataclass(frozen=True, slots=True)
class Latency:
    """Quantiles of latency in ms, each (value, low, high), over ``n`` answered requests."""

    n: int
    quantiles: tuple[tuple[float, float, float], ...]
    largest: float


@dataclass(frozen=True, slots=True)
class Load:
    """Requests of a group: all, failed, and the busiest minute's; first and last moment."""

    n: int
    n_failed: int
    peak_per_minute: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Sampled:
    """One resource over a group's samples: how many, mean, standard deviation, largest."""

    n: int
    mean: float
    sd: float
    largest: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Errors of one kind: same type, same message but for its numbers and quoted texts."""

    kind: str
    message: str
    n: int
    first: datetime | None
    last: datetime | None
    versions: tuple[str, ...]
    first_version: str | None
    examples: tuple[str, ...]
    counts: tuple[int, ...] = ()  # in equal pieces of the time in which there were requests
    n_all: int = 0  # requests of the window, failed or not


def latencies(
    engine: Engine, dataset: Dataset, scope: Scope, shares: Sequence[float] = (0.95,)
) -> dict[Key, Latency]:
    """Latency quantiles of every group's answered requests; a failed one is no fast answer.

    The ends are the order statistics that hold the quantile with 95 % (normal approximation of
    the binomial rank).
    """
    present = dataset.log("predictions", scope.log).columns
    if "latency_ms" not in present:
        return {}
    rows = frame(dataset, scope, ("latency_ms", "status"))
    if rows is None:
        return {}
    if rows.most >= MANY_ROWS and scope.every in COARSE:
        found = order_statistics(engine, rows, shares, SUCCEEDED)
        return {key: _latency((n, top, *ends)) for key, (n, top, ends) in found.items()}
    sql = rows.select(quantiles_sql(shares, "_period, _version"))
    return {
        (period, version): _latency(numbers)
        for period, version, *numbers in engine.rows(sql, rows.values)
    }


def latencies_by(
    engine: Engine, dataset: Dataset, scope: Scope, cut: Cut, shares: Sequence[float]
) -> dict[str, Latency]:
    """The same by the code of the cell that a column puts a request in."""
    if "latency_ms" not in dataset.log("predictions", scope.log).columns:
        return {}
    rows = frame(dataset, scope, ("latency_ms", "status", cut.column))
    if rows is None:
        return {}
    values = dict(rows.values)
    cells = f"(SELECT * REPLACE ({cell_sql(cut, values, 'by')} AS _version) FROM rows)"
    rows = replace(rows, values=values)
    if rows.most >= MANY_ROWS:
        found = order_statistics(engine, rows, shares, SUCCEEDED, cells)
        return {
            str(cell): _latency((n, top, *ends)) for (_p, cell), (n, top, ends) in found.items()
        }
    sql = rows.select(quantiles_sql(shares, "_version", cells))
    return {str(cell): _latency(numbers) for cell, *numbers in engine.rows(sql, values)}


def quantiles_sql(shares: Sequence[float], by: str, source: str = "rows") -> str:
    """By group: answered requests, the largest latency, and each quantile with its ends."""
    picks = ", ".join(_rank(p, side) for p in shares for side in (0.0, -1.96, 1.96))
    return (
        f"SELECT {by}, n, ordered[-1], {picks} FROM"
        f" (SELECT {by}, count(*) AS n, list(latency_ms ORDER BY latency_ms) AS ordered"
        f" FROM {source} WHERE latency_ms IS NOT NULL AND {SUCCEEDED} GROUP BY ALL)"
    )


def _latency(found: Sequence[Any]) -> Latency:
    n, largest, *ends = found
    numbers = [float(end) for end in ends]
    triples = tuple((numbers[i], numbers[i + 1], numbers[i + 2]) for i in range(0, len(numbers), 3))
    return Latency(int(n), triples, float(largest))


def _rank(share: float, side: float) -> str:
    at = f"{share!r} + {side} * sqrt({share * (1 - share)!r} / n)"
    return f"ordered[CAST(greatest(1, least(n, ceil(n * ({at})))) AS BIGINT)]"


def loads(engine: Engine, dataset: Dataset, scope: Scope) -> dict[Key, Load]:
    """Requests, failures and the busiest minute of every group."""
    rows = frame(dataset, scope, ("status",))
    if rows is None:
        return {}
    sql = rows.select(
        "SELECT _period, _version, sum(n), sum(failed), max(n), min(first), max(last) FROM"
        f" (SELECT _period, _version, count(*) AS n, count(*) FILTER (NOT {SUCCEEDED}) AS failed,"
        " min(timestamp) AS first, max(timestamp) AS last"
        " FROM rows GROUP BY _period, _version, date_trunc('minute', timestamp)) GROUP BY ALL"
    )
    return {
        (p, v): Load(int(n), int(failed), int(peak), first, last)
        for p, v, n, failed, peak, first, last in engine.rows(sql, rows.values)
    }


def sample_columns(engine: Engine, dataset: Dataset, scope: Scope) -> tuple[str, ...]:
    """The numbers that the resource log holds, in its order; empty without such a log."""
    log = dataset.log("resources", scope.log)
    if not log.parts or "timestamp" not in log.columns:
        return ()
    found = engine.rows(f"DESCRIBE SELECT * FROM {relation(log)}")
    return tuple(
        str(row[0]) for row in found if row[1] in _SAMPLE_TYPES and row[0] not in _NO_SAMPLE
    )


def samples(
    engine: Engine, dataset: Dataset, scope: Scope, columns: Sequence[str]
) -> dict[str, dict[Key, Sampled]]:
    """Mean, spread and peak of every resource by period; samples belong to no version."""
    if not columns or isinstance(scope.every, int) or scope.window.first_row is not None:
        return {}
    values: dict[str, object] = {}
    log = dataset.log("resources", scope.log)
    conditions = time_conditions(Scope(window=scope.window, as_of=scope.as_of), values)
    picks = ", ".join(
        f"count({c}), avg({c}), coalesce(stddev_samp({c}), 0), max({c})"
        for c in map(quote_name, columns)
    )
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    found = engine.rows(
        f"SELECT {period_sql(scope)} AS _period, {picks} FROM {relation(log)}{where} GROUP BY 1",
        values,
    )
    answer: dict[str, dict[Key, Sampled]] = {c: {} for c in columns}
    for period, *numbers in found:
        for i, column in enumerate(columns):
            n, mean, sd, largest = numbers[4 * i : 4 * i + 4]
            if n:
                answer[column][(period, None)] = Sampled(
                    int(n), float(mean), float(sd), float(largest)
                )
    return answer


def failures(
    engine: Engine, dataset: Dataset, scope: Scope, most: int = 100
) -> tuple[Failure, ...]:
    """Failed requests by kind, the most frequent first; values in messages are left out."""
    present = dataset.log("predictions", scope.log).columns
    rows = frame(dataset, scope, ("status", "error_type", "error_message"))
    if rows is None or "status" not in present:
        return ()
    message = f"regexp_replace({_LAST_LINE}, '{FINGERPRINT}', '…', 'g')"
    slot = f"least({SLOTS - 1}, floor({SLOTS} * (epoch_us(timestamp) - lo) / greatest(hi - lo, 1)))"
    slots = ", ".join(f"count(*) FILTER (slot = {i})" for i in range(SLOTS))
    sql = rows.select(
        f"SELECT kind, said, count(*) AS n, min(timestamp), max(timestamp),"
        " list(DISTINCT model_version), arg_min(model_version, timestamp),"
        " list(prediction_id ORDER BY timestamp DESC NULLS LAST, row DESC)[:3], any_value(n_all),"
        f" {slots} FROM (SELECT *, coalesce(error_type, status) AS kind, {message} AS said,"
        f" {slot} AS slot FROM rows, (SELECT min(epoch_us(timestamp)) AS lo,"
        " max(epoch_us(timestamp)) AS hi, count(*) AS n_all FROM rows)"
        f" WHERE NOT {SUCCEEDED}) GROUP BY 1, 2 ORDER BY n DESC, 1, 2 LIMIT {int(most)}"
    )
    return tuple(_failure(row) for row in engine.rows(sql, rows.values))


def _failure(row: tuple[Any, ...]) -> Failure:
    kind, said, n, first, last, versions, first_version, ids, n_all, *counts = row
    return Failure(
        str(kind), str(said), int(n), first, last,
        tuple(sorted(str(v) for v in versions if v is not None)), first_version, tuple(ids),
        tuple(map(int, counts)), int(n_all),
    )  # fmt: skip


def latency_bins(
    engine: Engine, dataset: Dataset, scope: Scope, per_doubling: int = 2
) -> dict[int | None, dict[int, int]]:
    """Answered requests by period and latency bin; bin b spans 2^(b/k) to 2^((b+1)/k) ms."""
    if "latency_ms" not in dataset.log("predictions", scope.log).columns:
        return {}
    rows = frame(dataset, scope, ("latency_ms", "status"))
    if rows is None:
        return {}
    sql = rows.select(
        f"SELECT _period, CAST(floor(log2(latency_ms) * {int(per_doubling)}) AS INTEGER), count(*)"
        f" FROM rows WHERE latency_ms > 0 AND {SUCCEEDED} GROUP BY 1, 2"
    )
    found: dict[int | None, dict[int, int]] = {}
    for period, at, n in engine.rows(sql, rows.values):
        found.setdefault(period, {})[int(at)] = int(n)
    return found
