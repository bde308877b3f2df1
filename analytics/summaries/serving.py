"""How a model answers, counted: requests, failures and latency in narrow bins by hour, day and version.

A bin is a hundredth of a factor of e wide, so that a quantile read from the counts lies within 0.5 %
of the exact one; counts, the largest latency and the busiest minute are exact. Of a latency that has
no logarithm (zero and less, infinite, NaN) only the number is kept: a quantile among them is scanned.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.core import Dataset, Log, Scope
from analytics.query.frame import period_sql, touched
from analytics.query.groups import Group, Key, group_of
from analytics.query.ranks import HIGHEST, LOWEST, Z, rank_of
from analytics.query.serving import SUCCEEDED, Latency, Load
from analytics.summaries.days import Wanted, add_up, same
from analytics.summaries.held import read_arrays
from analytics.summaries.reading import has_version, version_sql
from analytics.summaries.rest import rests, scanned_sql, sheets_sql
from analytics.summaries.spans import can_answer
from analytics.summaries.store import Taken, is_countable, key_of, take

if TYPE_CHECKING:
    from analytics.query.engine import Engine

KIND = "serving"
MIN_ROWS = 500_000  # with fewer the exact scan is as fast
ORDER = "grain, period, version, bin"
PER_E = 100
BOUND = math.tanh(0.5 / PER_E)  # of a quantile, as a share of it: 0.499996 %
COLUMNS = "timestamp, version, bin, n, n_failed, n_missing, total, largest, first, last"
_ANSWERED = f"{SUCCEEDED} AND latency_ms IS NOT NULL"
BIN_SQL = (
    f"CASE WHEN isnan({{0}}) OR {{0}} = CAST('inf' AS DOUBLE) THEN {HIGHEST}"
    f" WHEN {{0}} > 0 THEN CAST(floor(ln({{0}}) * {PER_E}) AS INTEGER) ELSE {LOWEST} END"
)
_BIN = f"CASE WHEN {_ANSWERED} THEN {BIN_SQL.format('latency_ms')} END"


@dataclass(frozen=True, slots=True)
class Served:
    """What is read of sheets about serving: all numbers exact but the quantiles of ``latencies``."""

    groups: tuple[Group, ...] = ()
    loads: Mapping[Key, Load] = field(default_factory=dict)
    latencies: Mapping[Key, Latency] = field(default_factory=dict)


NO_BIN = LOWEST - 1  # of a row that counts all requests
_STAMPED = (
    "make_timestamp(period) AS timestamp, version, bin, n, n_failed, n_missing, total, largest,"
    " make_timestamp(first) AS first, make_timestamp(last) AS last"
)
COUNTED = Wanted(
    _STAMPED,
    (("bin", f"coalesce(bin, {NO_BIN})"),),
    sums=same("n", "n_failed"),
    lows=same("first"),
    highs=same("largest", "last"),
)


def serving_key() -> str:
    """What the sheets depend on besides the parts: nothing but the code."""
    return key_of(KIND, PER_E)


def source_sql(log: Log, rows: str) -> str:
    """The four columns that are counted, whatever a log lacks."""
    types = {"timestamp": "TIMESTAMP", "latency_ms": "DOUBLE"}
    picks = (
        f"CAST({name} AS {types.get(name, 'VARCHAR')}) AS {name}"
        if name in log.columns
        else f"CAST(NULL AS {types.get(name, 'VARCHAR')}) AS {name}"
        for name in ("timestamp", "model_version", "status", "latency_ms")
    )
    return f"SELECT {', '.join(picks)} FROM {rows}"


def counted_sql(source: str, unit: str = "hour") -> str:
    """Rows of ``source`` counted by minute, by hour, and by hour and bin; ``grain`` tells which.

    With another ``unit``, such as "day", it stands where the hour stood.
    """
    at = {name: f"date_trunc('{name}', timestamp)" for name in ("minute", unit)}
    answered = f"FILTER ({_ANSWERED})"
    return (
        f"SELECT CASE WHEN GROUPING(minute) = 0 THEN 'minute' ELSE '{unit}' END AS grain,"
        " coalesce(minute, hour) AS timestamp, version, bin, count(*) AS n,"
        f" count(*) FILTER (NOT {SUCCEEDED}) AS n_failed,"
        f" count(*) FILTER ({SUCCEEDED} AND latency_ms IS NULL) AS n_missing,"
        f" sum(latency_ms) {answered} AS total, max(latency_ms) {answered} AS largest,"
        " min(timestamp) AS first, max(timestamp) AS last, GROUPING(bin) AS is_load"
        f" FROM (SELECT *, model_version AS version, {at['minute']} AS minute, {at[unit]} AS hour,"
        f" {_BIN} AS bin FROM ({source}))"
        " GROUP BY GROUPING SETS ((minute, version), (hour, version), (hour, version, bin))"
    )


def sheet_sql(counted_groups: Sequence[str], grains: Sequence[Sequence[str]]) -> str:
    """The rows of a sheet: each counted group's minutes, hours (where it has them) and days."""
    selects = []
    for i, counted in enumerate(counted_groups):
        if not grains[i] and any(grains):
            continue
        kept = "true" if "hour" in grains[i] else "grain <> 'hour'"
        selects.append(
            f"SELECT {i} AS grp, grain, epoch_us(timestamp) AS period, {_STORED}"
            f" FROM (WITH counted AS MATERIALIZED ({kept_sql(counted)}), days AS ({days_sql('SELECT * FROM counted')})"
            f" SELECT * FROM counted WHERE {kept} UNION ALL SELECT * FROM days)"
        )
    return f"{' UNION ALL '.join(selects)} ORDER BY {ORDER}"


_STORED = (
    "version, bin, n, n_failed, n_missing, total, largest, epoch_us(first) AS first,"
    " epoch_us(last) AS last"
)
_SUMS = (
    "sum(n) AS n, sum(n_failed) AS n_failed, sum(n_missing) AS n_missing, sum(total) AS total,"
    " max(largest) AS largest, min(first) AS first, max(last) AS last"
)


def days_sql(hours: str) -> str:
    """Counted rows of hours added up to days."""
    return (
        f"SELECT 'day' AS grain, date_trunc('day', timestamp) AS timestamp, version, bin, {_SUMS}"
        f" FROM ({hours}) WHERE grain = 'hour' GROUP BY date_trunc('day', timestamp), version, bin"
    )


def kept_sql(counted: str) -> str:
    """Rows of a bin or a minute have their number only; requests in no bin are in those of the load."""
    picks = ", ".join(
        f"CASE WHEN is_load = 1 AND grain <> 'minute' THEN {name} END AS {name}"
        for name in ("n_failed", "n_missing", "total", "largest", "first", "last")
    )
    return (
        f"SELECT grain, timestamp, version, bin, n, {picks} FROM ({counted})"
        " WHERE is_load = 1 OR bin IS NOT NULL"
    )


def takes(engine: Engine, dataset: Dataset, scope: Scope) -> Taken | None:
    """The sheets that answer a scope; None where it has to be scanned, or nothing would be saved."""
    log = dataset.log("predictions", scope.log)
    if not can_answer(scope) or "timestamp" not in log.columns:
        return None
    if sum(part.n_rows for part in touched(log, scope)) < MIN_ROWS:
        return None
    sheets = engine.summaries.sheets(dataset.model, scope.log, KIND, serving_key())
    there = [part for part in log.parts if is_countable(part)]
    taken = take(sheets, there, touched(log, scope)) if sheets else None
    if taken is None or not taken.pieces or any(p.mapping is not None for p in taken.lacking):
        return None
    return taken


def served(
    engine: Engine, dataset: Dataset, scope: Scope, shares: Sequence[float] = ()
) -> Served | None:
    """Requests, failures and latency of every period and version from sheets; None where they do not do.

    Groups have no count of labels.
    """
    taken = takes(engine, dataset, scope)
    if taken is None:
        return None
    log = dataset.log("predictions", scope.log)
    by, where, values = _wanted(log, scope)
    found = _bins(engine, taken, log, scope)
    minutes = engine.rows(
        f"SELECT _period, _version, max(n) FROM (SELECT {', '.join(by)}, date_trunc('minute', timestamp) AS at,"
        f" sum(n) AS n FROM ({_rows(taken, log, scope, 'minute')}){where} GROUP BY ALL) GROUP BY ALL",
        values,
    )
    return _answer(scope, found, {(p, v): int(n) for p, v, n in minutes}, shares)


def served_latencies(
    engine: Engine, dataset: Dataset, scope: Scope, shares: Sequence[float]
) -> Mapping[Key, Latency] | None:
    """Latency alone, whose minutes need not be read; None where sheets do not do."""
    taken = takes(engine, dataset, scope)
    if taken is None:
        return None
    found = _answer(
        scope, _bins(engine, taken, dataset.log("predictions", scope.log), scope), {}, shares
    )
    return None if found is None else found.latencies


def _bins(engine: Engine, taken: Taken, log: Log, scope: Scope) -> list[tuple[Any, ...]]:
    """Counts by period, version and bin of latency; in no bin, those of all requests."""
    is_counted = not rests(taken, scope)
    found = add_up(engine, taken, log, scope, COUNTED) if is_counted else None
    if found is None:
        by, where, values = _wanted(log, scope)
        source = f"SELECT * FROM ({_rows(taken, log, scope)}){where}"
        sql = COUNTED.sql(source, by)
        found = read_arrays(engine, sql, values) if is_counted else engine.arrays(sql, values)
    return list(zip(*(np.ma.asarray(column).tolist() for column in found.values()), strict=True))


def _wanted(log: Log, scope: Scope) -> tuple[tuple[str, str], str, dict[str, Any]]:
    """The columns that rows are grouped by, which rows, and the values bound in it."""
    by = f"{period_sql(scope)} AS _period", f"{version_sql(log, scope)} AS _version"
    values = {"version": scope.version} if has_version(log, scope) else {}
    return by, " WHERE version = $version" if values else "", values


def _rows(taken: Taken, log: Log, scope: Scope, grain: str = "") -> str:
    """Counted rows of sheets, and of what is scanned: by bin and load, or by minute."""
    selects = sheets_sql(taken, scope, _STAMPED, [grain] if grain else [])
    for rest in rests(taken, scope):
        counted = kept_sql(counted_sql(source_sql(log, str(scanned_sql(log, rest)))))
        selects.append(f"SELECT {COLUMNS} FROM ({counted}) WHERE grain = '{grain or 'hour'}'")
    return " UNION ALL ".join(selects)


def _answer(
    scope: Scope,
    found: Sequence[tuple[Any, ...]],
    busiest: Mapping[Key, int],
    shares: Sequence[float],
) -> Served | None:
    groups: list[Group] = []
    loads: dict[Key, Load] = {}
    bins: dict[Key, list[tuple[int, int]]] = {}
    largest: dict[Key, float] = {}
    for period, version, at, n, n_failed, first, top, last in found:
        key: Key = (period, version)
        if at != NO_BIN:
            bins.setdefault(key, []).append((int(at), int(n)))
            continue
        group = group_of(scope, (period, version, n, 0, 0, first, last))
        groups.append(group)
        loads[key] = Load(group.n, int(n_failed), busiest.get(key, 0), first, last)
        if top is not None and top == top:
            largest[key] = float(top)
    latencies = {}
    for key, counted in bins.items():
        latency = latency_of(counted, largest[key], shares)
        if latency is None:
            return None
        latencies[key] = latency
    groups.sort(key=lambda g: (g.key[0] is None, g.key[0] or 0, g.key[1] is None, g.key[1] or ""))
    return Served(tuple(groups), loads, latencies)


def latency_of(
    counted: Sequence[tuple[int, int]], largest: float, shares: Sequence[float]
) -> Latency | None:
    """Quantiles with their ends from (bin, rows) in order of the bins; None where one has no number.

    >>> found = latency_of([(0, 50), (100, 50)], 2.73, [0.5])
    >>> found.n, round(found.quantiles[0][0], 3)
    (100, 1.005)
    """
    at = np.array([b for b, _n in counted])
    cumulated = np.cumsum([n for _bin, n in counted])
    total = int(cumulated[-1])
    triples = []
    for share in shares:
        places = np.searchsorted(cumulated, [rank_of(share, s, total) for s in (0.0, -Z, Z)])
        chosen = at[places]
        if (chosen == LOWEST).any() or (chosen == HIGHEST).any():
            return None
        value, low, high = (min(middle(int(b)), largest) for b in chosen)
        triples.append((value, low, high))
    return Latency(total, tuple(triples), largest)


def middle(at: int) -> float:
    """The number of a bin that no number in it is further from, as a share of itself, than BOUND.

    >>> low, high = math.exp(2.5), math.exp(2.51)
    >>> max(middle(250) / low - 1, 1 - middle(250) / high) <= 0.005
    True
    """
    return 2 / (math.exp(-at / PER_E) + math.exp(-(at + 1) / PER_E))
