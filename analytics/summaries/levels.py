"""Columns of levels counted by hour and by day, for every version: rows (name, level, n)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.core import Dataset, Log, Part, Scope
from analytics.query.columns import Levels, level_counts
from analytics.query.frame import in_window, period_sql
from analytics.query.groups import Key
from analytics.sources.relation import quote_text, relation
from analytics.summaries.columns import Hours, Ints, rows_of
from analytics.summaries.days import Wanted, add_up, same
from analytics.summaries.files import Piece, chunks, pieces, plain_columns
from analytics.summaries.grid import only
from analytics.summaries.reading import has_version, scans, version_sql
from analytics.summaries.rest import sheets_sql
from analytics.summaries.spans import DAY, HOUR
from analytics.summaries.sql import levels_sql
from analytics.summaries.store import Taken
from analytics.together import together

if TYPE_CHECKING:
    import pyarrow as pa

    from analytics.query.engine import Engine

KIND = "levels"
AT_ONCE = 8  # columns read at a time
MOST_CELLS = 1 << 22  # of hours by levels that are counted without sorting
MOST = 1000  # levels of a column that a group of parts keeps apart
WANTED = Wanted(
    "make_timestamp(period) AS timestamp, version, name, level, is_tail, n",
    (*same("name", "level"), ("is_tail", "CAST(is_tail AS TINYINT)")),
    same("n"),
)


def level_columns(dataset: Dataset) -> list[str]:
    """The columns of levels that a log of predictions can hold, under their canonical names."""
    schema = dataset.schema
    names = [c.name for c in schema.features if c.type in ("categorical", "boolean")]
    if schema.task != "regression" and schema.has("prediction"):
        names.append("prediction")
    return names


@dataclass(frozen=True, slots=True)
class Counted:
    """One column by hour and version: which of them, which level (-1: none), how many rows."""

    levels: list[str]
    row: Ints
    code: Ints
    n: Ints


def count_levels(
    engine: Engine, log: Log, parts: Sequence[Part], hours: Hours, names: Sequence[str]
) -> dict[str, Counted]:
    """Every named column of levels, counted by hour and version; ``levels_sql`` says the same."""
    plain = plain_columns(parts, names, "level")
    tallies = {name: _Tally() for name in plain}
    for chosen in chunks(plain, parts, AT_ONCE):
        for piece in pieces(parts, chosen, has_version=hours.is_mixed, are_levels=True):
            _add_piece(piece, rows_of(hours, piece), {name: tallies[name] for name in chosen})
    found = {name: tally.counted() for name, tally in tallies.items()}
    found |= _by_sql(engine, log, parts, hours, [name for name in names if name not in found])
    return {name: found[name] for name in names}


def _add_piece(piece: Piece, row: Any, tallies: Mapping[str, _Tally]) -> None:
    def count(name: str) -> None:
        levels, codes = piece.levels(name)
        tallies[name].add(levels, codes, row)

    together(count, tallies)


class _Tally:
    """Running counts of one column."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}
        self.found: list[tuple[Ints, Ints, Ints]] = []

    def add(self, levels: Sequence[str], own: Ints, row: Any) -> None:
        """Count the rows of a piece, whose codes are its own."""
        known = [self.codes.setdefault(level, len(self.codes)) for level in levels]
        table = np.array([*known, -1], dtype=np.int64)
        width = len(levels) + 1
        key = row.astype(np.int64) * width + np.where(own < 0, width - 1, own)
        if int(row.max(initial=0) + 1) * width <= MOST_CELLS:
            n = np.bincount(key)
            at = np.flatnonzero(n)
            n = n[at]
        else:
            at, n = np.unique(key, return_counts=True)
        self.found.append((at // width, table[at % width], n))

    def counted(self) -> Counted:
        """All pieces together."""
        row, code, n = (np.concatenate(c) for c in zip(*self.found, strict=True))
        return Counted(list(self.codes), *summed(row, code, n))


def summed(row: Ints, code: Ints, n: Ints) -> tuple[Ints, Ints, Ints]:
    """Rows of the same place and level put together."""
    width = int(code.max(initial=0)) + 2
    key, at = np.unique(row * width + code + 1, return_inverse=True)
    total = np.bincount(at, weights=n).astype(np.int64)
    return key // width, key % width - 1, total


def _by_sql(
    engine: Engine, log: Log, parts: Sequence[Part], hours: Hours, names: Sequence[str]
) -> dict[str, Counted]:
    """Columns whose type in some file is not plain."""
    if not names:
        return {}
    has_version = "model_version" in log.columns
    sql = levels_sql(relation(log, parts), list(names), 1 << 40, has_version=has_version)
    versions = {name: i for i, name in enumerate(hours.versions)}
    pairs = zip(hours.period.tolist(), hours.version.tolist(), strict=True)
    places = {pair: i for i, pair in enumerate(pairs)}
    start = f"epoch_us(date_trunc('{hours.grain}', hour))"
    found = engine.rows(f"SELECT {start}, version, name, level, n FROM ({sql})")
    return counted_from(
        names,
        (
            (name, level, places[hour, versions.get(version, -1)], n)
            for hour, version, name, level, n in found
        ),
    )


def counted_from(
    names: Sequence[str], rows: Iterable[tuple[str, str | None, int, int]]
) -> dict[str, Counted]:
    """Columns from rows (name, level, which hour and version, n)."""
    tallies = {name: _Tally() for name in names}
    found: dict[str, list[tuple[int, int, int]]] = {name: [] for name in names}
    for name, level, place, n in rows:
        codes = tallies[name].codes
        code = -1 if level is None else codes.setdefault(level, len(codes))
        found[name].append((place, code, n))
    for name, counted in found.items():
        columns = np.array(counted, dtype=np.int64).reshape(-1, 3).T
        tallies[name].found.append((columns[0], columns[1], columns[2]))
    return {name: tally.counted() for name, tally in tallies.items()}


def levels_table(
    group: int, hours: Hours, columns: Mapping[str, Counted], grains: Sequence[str]
) -> pa.Table:
    """The rows of one group of parts as they are written: of days, of hours."""
    import pyarrow as pa

    tables = [empty_table()]
    for grain, unit in (("day", DAY), ("hour", HOUR)):
        if grain not in grains:
            continue
        order, starts = hours.starts_of(unit)
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.cumsum(np.isin(np.arange(len(order)), starts)) - 1
        period = hours.period[order][starts] // unit * unit
        version = hours.version[order][starts]
        for name, column in columns.items():
            level, is_tail = _kept(column)
            row, code, n = summed(place[column.row], level[column.code], column.n)
            tail = len(column.levels)
            told = {
                "grp": pa.repeat(pa.scalar(group, pa.int32()), len(row)),
                "grain": pa.repeat(grain, len(row)),
                "period": pa.array(period[row]),
                "version": texts_of(version[row], hours.versions),
                "name": pa.repeat(name, len(row)),
                "level": texts_of(np.where(code == tail, -1, code), column.levels),
                "is_tail": pa.array((code == tail) & is_tail, pa.bool_()),
                "n": pa.array(n),
            }
            tables.append(pa.table(told))
    return pa.concat_tables(tables)


def texts_of(codes: Ints, texts: Sequence[str]) -> pa.Array:
    """The texts that codes stand for; -1 is none."""
    import pyarrow as pa

    kinds = pa.array(list(texts), pa.string())
    indices = pa.array(np.maximum(codes, 0), pa.int64(), mask=codes < 0)
    if not len(kinds):
        return pa.nulls(len(codes), pa.string())
    return kinds.take(indices)


def _kept(column: Counted) -> tuple[Ints, bool]:
    """The code that each level is kept under: its own, or that of the tail; whether there is one."""
    size = len(column.levels)
    own = np.append(np.arange(size), -1)
    if size <= MOST:
        return own, False
    total = np.bincount(
        column.code[column.code >= 0], weights=column.n[column.code >= 0], minlength=size
    )
    order = sorted(range(size), key=lambda i: (-total[i], column.levels[i]))
    own[order[MOST:]] = size
    return own, True


def empty_table() -> pa.Table:
    """A sheet without rows."""
    import pyarrow as pa

    kinds = {
        "grp": pa.int32(),
        "grain": pa.string(),
        "period": pa.int64(),
        "version": pa.string(),
        "name": pa.string(),
        "level": pa.string(),
        "is_tail": pa.bool_(),
        "n": pa.int64(),
    }
    return pa.table({name: pa.array([], kind) for name, kind in kinds.items()})


def counted_levels(
    engine: Engine, dataset: Dataset, scope: Scope, names: Sequence[str], taken: Taken
) -> dict[str, dict[Key, Levels]]:
    """Each column's rows by level as ``level_counts`` gives them.

    Columns with a tail are left out, and those that some sheet lacks: they came to the log later.
    """
    log = dataset.log("predictions", scope.log)
    names = [n for n in names if all(n in piece.sheet.columns for piece in taken.pieces)]
    found: dict[str, dict[Key, Levels]] = {name: {} for name in names}
    with_tail = set()
    for period, version, name, level, is_tail, n in _rows(engine, log, scope, names, taken):
        if is_tail:
            with_tail.add(name)
        more = ({}, int(n)) if level is None else ({level: float(n)}, 0)
        _add(found[name], (period, version), more)
    for rest, window in scans(taken, scope):
        thinned = only(dataset, scope.log, rest.parts)
        for name, groups in level_counts(engine, thinned, in_window(scope, window), names).items():
            for key, counted in groups.items():
                _add(found[name], key, counted)
    return {name: groups for name, groups in found.items() if name not in with_tail}


def _rows(
    engine: Engine, log: Log, scope: Scope, names: Sequence[str], taken: Taken
) -> list[tuple[Any, ...]]:
    """(period, version, column, level, whether it stands for a tail, rows) of the named columns."""
    found = add_up(engine, taken, log, scope, WANTED)
    if found is None:
        selects = sheets_sql(taken, scope, WANTED.columns)
        if not selects or not names:
            return []
        values = {"version": scope.version} if has_version(log, scope) else {}
        source = (
            f"SELECT * FROM ({' UNION ALL '.join(selects)}) WHERE name IN"
            f" ({', '.join(map(quote_text, names))}){' AND version = $version' if values else ''}"
        )
        by = f"{period_sql(scope)} AS _period", f"{version_sql(log, scope)} AS _version"
        found = engine.arrays(WANTED.sql(source, by), values)
    columns = [np.ma.asarray(column).tolist() for column in found.values()]
    return [row for row in zip(*columns, strict=True) if row[2] in names]


def _add(groups: dict[Key, Levels], key: Key, more: Levels) -> None:
    levels, missing = groups.get(key, ({}, 0))
    for level, n in more[0].items():
        levels[level] = levels.get(level, 0.0) + n
    groups[key] = (levels, missing + more[1])
