"""Numeric columns of a scope from sheets: rows by bin, added over groups and over what is scanned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.core import Dataset, Log, Scope, Window
from analytics.needs import Floats
from analytics.query.columns import numeric_values
from analytics.query.frame import in_window, period_sql, touched
from analytics.query.groups import Group, Key, count_groups, group_of
from analytics.summaries.columns import KIND, Column
from analytics.summaries.days import Table, days_sql, group_rows, is_of_days, table_of
from analytics.summaries.edges import Counts, bin_sorted, widen
from analytics.summaries.grid import Grid, only
from analytics.summaries.rest import Rest, rests, sheets_sql
from analytics.summaries.spans import can_answer, moment_of
from analytics.summaries.store import Sheet, Taken, is_countable, take

if TYPE_CHECKING:
    from analytics.query.engine import Engine

MOST_BINS = 16_000_000  # of days, of all columns: a sheet with more is read for each window
A_KEY = 200  # bytes of what stands for none


@dataclass(frozen=True, slots=True)
class Binned:
    """Rows of one column by bin, what is missing apart; the smallest and largest value (NaN: none)."""

    counts: Counts
    n_missing: int
    low: float
    high: float

    def __add__(self, other: Binned) -> Binned:
        return Binned(
            self.counts + other.counts,
            self.n_missing + other.n_missing,
            float(np.fmin(self.low, other.low)),
            float(np.fmax(self.high, other.high)),
        )

    @classmethod
    def of_sorted(cls, values: Floats, n_missing: int, edges: Floats) -> Binned:
        """Sorted values without missing ones, counted."""
        ends = (float(values[0]), float(values[-1])) if len(values) else (np.nan, np.nan)
        return cls(bin_sorted(values, edges), n_missing, *ends)


def has_version(log: Log, scope: Scope) -> bool:
    """Whether a scope leaves out other versions."""
    return scope.version is not None and "model_version" in log.columns


def version_sql(log: Log, scope: Scope) -> str:
    """The version that a row is counted for; NULL where versions are not told apart."""
    is_apart = scope.by_version and "model_version" in log.columns
    return "version" if is_apart else "CAST(NULL AS VARCHAR)"


def taken_of(engine: Engine, dataset: Dataset, scope: Scope, kind: str, key: str) -> Taken | None:
    """The sheets of a kind that answer a scope; None where it has to be scanned."""
    log = dataset.log("predictions", scope.log)
    if not can_answer(scope) or "timestamp" not in log.columns:
        return None
    sheets = engine.summaries.sheets(dataset.model, scope.log, kind, key)
    there = [part for part in log.parts if is_countable(part)]
    taken = take(sheets, there, touched(log, scope))
    return taken if all(is_countable(part) for part in taken.lacking) else None


def scans(taken: Taken, scope: Scope) -> list[tuple[Rest, Window]]:
    """What is scanned, a window at a time."""

    def moment(at: int | None) -> datetime | None:
        return None if at is None else moment_of(at)

    return [
        (rest, Window(moment(start), moment(end)))
        for rest in rests(taken, scope)
        for start, end in rest.spans
    ]


def counted_columns(
    engine: Engine, dataset: Dataset, scope: Scope, grid: Grid, asked: tuple[Sequence[str], Taken]
) -> dict[str, dict[Key, Binned]]:
    """The named columns of every period and version; those that some sheet lacks are left out."""
    names, taken = asked
    names = [n for n in names if all(n in piece.sheet.columns for piece in taken.pieces)]
    kept_as = (KIND, taken.name, scope, tuple(names))
    held = engine.summaries.hold(
        kept_as, lambda: _added(engine, dataset, scope, grid, (names, taken))
    )
    found: dict[str, dict[Key, Binned]] = {name: dict(groups) for name, groups in held.items()}
    for rest, window in scans(taken, scope):
        thinned = only(dataset, scope.log, rest.parts)
        for name, groups in numeric_values(
            engine, thinned, in_window(scope, window), names
        ).items():
            for key, (values, n_missing) in groups.items():
                binned = Binned.of_sorted(values, n_missing, grid.edges[name])
                found[name][key] = found[name][key] + binned if key in found[name] else binned
    return found


def _added(
    engine: Engine, dataset: Dataset, scope: Scope, grid: Grid, asked: tuple[Sequence[str], Taken]
) -> tuple[int, dict[str, dict[Key, Binned]]]:
    """What the sheets say, and how many bytes that is."""
    found: dict[str, dict[Key, Binned]] = {name: {} for name in asked[0]}
    read = _of_days if is_of_days(scope) else _of_hours
    for name, keys, column in read(engine, dataset, scope, grid, asked):
        told = zip(keys, column.counts, column.low, column.high, strict=True)
        for key, row, low, high in told:
            binned = Binned(row[:-1], int(row[-1]), float(low), float(high))
            found[name][key] = found[name][key] + binned if key in found[name] else binned
    size = sum(b.counts.nbytes for groups in found.values() for b in groups.values())
    return size, found


def _of_hours(
    engine: Engine, dataset: Dataset, scope: Scope, grid: Grid, asked: tuple[Sequence[str], Taken]
) -> Iterator[tuple[str, list[Key], Column]]:
    """Each column of each sheet by period and version, read for this scope."""
    names, taken = asked
    for rows in read_rows(engine, dataset, scope, names, taken):
        keys, order, starts = _grouped(rows)
        for i, name in enumerate(names):
            counts = widen(rows[f"bins{i}"].tolist(), grid.n_bins(name))
            column = Column(counts, *(_plain(rows[f"{end}{i}"]) for end in ("low", "high")))
            yield name, keys, column.ordered(order).summed(starts)


def _of_days(
    engine: Engine, dataset: Dataset, scope: Scope, grid: Grid, asked: tuple[Sequence[str], Taken]
) -> Iterator[tuple[str, list[Key], Column]]:
    """The same of rows of days, which are decoded once; of a sheet with too many they are read."""
    names, taken = asked
    log = dataset.log("predictions", scope.log)
    for piece in taken.pieces:
        table, columns = engine.summaries.hold(
            (KIND, "days", piece.sheet.file, tuple(names)),
            partial(_days, engine, piece.sheet, grid, names),
        )
        if table is None:
            one = Taken((piece,), ())
            yield from _of_hours(engine, dataset, scope, grid, (names, one))
            continue
        grouped = group_rows([table], [piece], log, scope)
        told = (np.ma.asarray(grouped.keys[name]).tolist() for name in ("_period", "_version"))
        keys: list[Key] = list(zip(*told, strict=True))
        for name, column in zip(names, columns if keys else (), strict=False):
            mine = column.ordered(grouped.rows[0])
            mine = mine if grouped.order is None else mine.ordered(grouped.order)
            yield name, keys, mine.summed(grouped.starts)


def _days(
    engine: Engine, sheet: Sheet, grid: Grid, names: Sequence[str]
) -> tuple[int, tuple[Table | None, list[Column]]]:
    """(bytes, the rows of days of a sheet and their columns), as they are kept; None of too many."""
    n_rows = int(engine.rows(f"SELECT count(*) FROM ({days_sql(sheet)})")[0][0])
    if n_rows * sum(map(grid.n_bins, names)) > MOST_BINS:
        return A_KEY, (None, [])
    picks = "".join(
        f", {end}{sheet.columns.index(name)} AS {end}{i}"
        for i, name in enumerate(names)
        for end in ("bins", "low", "high")
    )
    rows = engine.arrays(
        f"SELECT period, version, grp{picks} FROM ({days_sql(sheet)}) ORDER BY period, version, grp"
    )
    columns = [
        Column(
            widen(rows[f"bins{i}"].tolist(), grid.n_bins(name)),
            *(_plain(rows[f"{end}{i}"]) for end in ("low", "high")),
        )
        for i, name in enumerate(names)
    ]
    table = table_of({name: rows[name] for name in ("period", "version", "grp")})
    return table.n_bytes + sum(column.counts.nbytes for column in columns), (table, columns)


def read_rows(
    engine: Engine, dataset: Dataset, scope: Scope, names: Sequence[str], taken: Taken
) -> list[dict[str, Any]]:
    """The rows of each sheet."""
    log = dataset.log("predictions", scope.log)
    found = []
    for piece in taken.pieces:
        at = {name: piece.sheet.columns.index(name) for name in names}
        picks = "".join(
            f", {end}{at[name]} AS {end}{i}"
            for i, name in enumerate(names)
            for end in ("bins", "low", "high")
        )
        one = Taken((piece,), ())
        for select in sheets_sql(
            one, scope, f"make_timestamp(period) AS timestamp, version{picks}"
        ):
            values = {"version": scope.version} if has_version(log, scope) else {}
            kept = ", ".join(
                f"{end}{i}" for i in range(len(names)) for end in ("bins", "low", "high")
            )
            sql = (
                f"SELECT {period_sql(scope)} AS _period, {version_sql(log, scope)} AS _version"
                f"{', ' if kept else ''}{kept} FROM ({select})"
                f"{' WHERE version = $version' if values else ''}"
            )
            rows = engine.arrays(sql, values)
            if len(rows["_period"]):
                found.append(dict(rows))
    return found


def _plain(column: Any) -> Floats:
    return np.ma.filled(np.ma.asarray(column, dtype=float), np.nan)


def _grouped(rows: dict[str, Any]) -> tuple[list[Key], Any, Any]:
    """The keys of rows, an order in which rows of a key are neighbours, and where each begins."""
    periods, versions = (np.ma.asarray(rows[name]).tolist() for name in ("_period", "_version"))
    codes: dict[Key, int] = {}
    code = np.array(
        [codes.setdefault(key, len(codes)) for key in zip(periods, versions, strict=True)]
    )
    order = np.argsort(code, kind="stable")
    ordered = code[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    return list(codes), order, starts


def counted_groups(engine: Engine, dataset: Dataset, scope: Scope, taken: Taken) -> list[Group]:
    """Every period and version of the scope in order with its rows; labels are not counted."""
    log = dataset.log("predictions", scope.log)
    found: dict[Key, tuple[int, datetime, datetime]] = {}

    def add(key: Key, n: int, first: datetime, last: datetime) -> None:
        before = found.get(key, (0, first, last))
        found[key] = (before[0] + n, min(before[1], first), max(before[2], last))

    columns = "make_timestamp(period) AS timestamp, version, n, first, last"
    selects = sheets_sql(taken, scope, columns)
    if selects:
        values = {"version": scope.version} if has_version(log, scope) else {}
        sql = (
            f"SELECT {period_sql(scope)} AS _period, {version_sql(log, scope)} AS _version,"
            " CAST(sum(n) AS BIGINT), make_timestamp(min(first)), make_timestamp(max(last))"
            f" FROM ({' UNION ALL '.join(selects)})"
            f"{' WHERE version = $version' if values else ''} GROUP BY ALL"
        )
        for period, version, n, first, last in engine.rows(sql, values):
            if n:
                add((period, version), n, first, last)
    for rest, window in scans(taken, scope):
        thinned = only(dataset, scope.log, rest.parts)
        inner = in_window(scope, window)
        for group in count_groups(engine, thinned, inner, with_labels=False):
            if group.n and group.first and group.last:
                add(group.key, group.n, group.first, group.last)
    keys = sorted(found, key=lambda k: (k[0] is None, k[0] or 0, k[1] is None, k[1] or ""))
    return [group_of(scope, (*key, found[key][0], 0, 0, *found[key][1:])) for key in keys]
