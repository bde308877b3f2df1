"""Windows of whole days: rows of days of a sheet are decoded once, kept, and added up in memory.

Sheets never change, so that what was decoded stays true for as long as it is kept. A window that
nobody asked before then costs some additions instead of statements over files. ``Wanted`` says what
is read; the same is asked of DuckDB where a window has hours, or rows that no sheet has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from analytics.core import Every, Log, Scope
from analytics.query.weeks import week_of
from analytics.sources.relation import quote_text
from analytics.summaries.spans import spans_of
from analytics.summaries.store import Piece, Sheet, Taken

if TYPE_CHECKING:
    from analytics.query.engine import Arrays, Engine

MOST_ROWS = 500_000  # of days: a sheet with more is not kept
Named = tuple[tuple[str, str], ...]  # names, and the SQL of each
Column = npt.NDArray[Any]
Places = npt.NDArray[np.int64]
Rows = slice | Places
_NONE: dict[str, Any] = {"f": np.nan, "M": np.datetime64("NaT")}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is read of rows that have ``columns``, those that ``keep`` leaves.

    ``keys`` tell rows apart: texts, or whole numbers that are never missing. Of the others sums, sums
    that lose no digit on the way, the least and the greatest are taken; what is missing is left out.
    """

    columns: str
    keys: Named = ()
    sums: Named = ()
    exact: Named = ()
    lows: Named = ()
    highs: Named = ()
    keep: str = "true"

    def sql(self, source: str, by: Sequence[str]) -> str:
        """Rows of ``source`` by some names of it and the keys, in that order."""
        picks = [*by, *(f"{sql} AS {name}" for name, sql in self.keys)]
        order = ", ".join(str(i + 1) for i in range(len(picks)))
        for function, named in (
            ("sum", self.sums),
            ("fsum", self.exact),
            ("min", self.lows),
            ("max", self.highs),
        ):
            picks += [f"{function}({sql}) AS {name}" for name, sql in named]
        return (
            f"SELECT {', '.join(picks)} FROM ({source}) WHERE {self.keep}"
            f" GROUP BY {order} ORDER BY {order}"
        )


def same(*names: str) -> Named:
    """Columns as they are."""
    return tuple((name, name) for name in names)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of days of one sheet, in order of the days; those of ``days[i]`` begin at ``edges[i]``.

    Columns of ``texts`` are codes, which these explain; ``grp`` is the group that a row is of.
    """

    days: Places
    edges: Places
    columns: Mapping[str, Column]
    texts: Mapping[str, list[str | None]]

    @property
    def n_bytes(self) -> int:
        """What it takes in memory, about."""
        return 1_000 + sum(column.nbytes for column in self.columns.values())

    def between(self, start: int | None, end: int | None) -> slice:
        """The days that lie in a span, as places."""
        first = 0 if start is None else int(np.searchsorted(self.days, start))
        last = len(self.days) if end is None else int(np.searchsorted(self.days, end))
        return slice(first, max(last, first))


@dataclass(frozen=True, slots=True)
class Grouped:
    """Which rows of some tables are of a scope, and which of them belong together.

    ``rows`` are each table's; all of them in ``order`` make groups that begin at ``starts``, of
    which ``keys`` tells. Without ``order`` they are in order, and each is a group of its own.
    """

    rows: list[Rows]
    order: Places | None
    starts: Places
    keys: Arrays

    def sum(self, columns: Sequence[Column], add: Callable[[Column, Places], Column]) -> Column:
        """A column of the tables put together by groups."""
        column = np.concatenate([c[rows] for c, rows in zip(columns, self.rows, strict=True)])
        return column if self.order is None else add(column[self.order], self.starts)


def add_up(engine: Engine, taken: Taken, log: Log, scope: Scope, wanted: Wanted) -> Arrays | None:
    """What sheets say of a scope by ``_period``, ``_version`` and the keys, in that order.

    None where there are none, where they are not read by whole days alone, or have too many rows
    to be kept.
    """
    if not taken.pieces or not is_of_days(scope):
        return None
    tables = [_table_of(engine, piece.sheet, wanted) for piece in taken.pieces]
    kept = [table for table in tables if table is not None]
    if len(kept) < len(tables):
        return None
    names = [name for name, _sql in wanted.keys]
    grouped = group_rows(kept, taken.pieces, log, scope, names)
    found = grouped.keys
    for named, add in (
        (wanted.sums, np.add.reduceat),
        (wanted.exact, _exactly),
        (wanted.lows, np.fmin.reduceat),
        (wanted.highs, np.fmax.reduceat),
    ):
        for name, _sql in named:
            found[name] = grouped.sum([table.columns[name] for table in kept], add)
    return found


def is_of_days(scope: Scope) -> bool:
    """Whether a scope is read by whole days alone."""
    spans = spans_of(scope.window, scope.every)
    return bool(spans.days) and not spans.hours and not spans.edges


def group_rows(
    tables: Sequence[Table],
    pieces: Sequence[Piece],
    log: Log,
    scope: Scope,
    names: Sequence[str] = (),
) -> Grouped:
    """The rows of a scope of whole days by period, version and the named columns."""
    has_version = "model_version" in log.columns
    ((start, end),) = spans_of(scope.window, scope.every).days
    days = [table.between(start, end) for table in tables]
    rows: list[Rows] = [
        _rows(table, piece, at, scope.version if has_version else None)
        for table, piece, at in zip(tables, pieces, days, strict=True)
    ]
    keys = {"_period": _periods(tables, days, rows, scope)}
    if scope.by_version and has_version:
        keys["_version"] = _key(tables, rows, "version")
    keys |= {name: _key(tables, rows, name) for name in names}
    place = np.zeros(len(keys["_period"].code), dtype=np.int64)
    for key in keys.values():
        place = place * key.size + key.code
    order, starts = _groups(place)
    left = place[starts] if order is None else place[order][starts]
    codes = {}
    for name, key in reversed(keys.items()):
        left, codes[name] = np.divmod(left, key.size)
    nothing = np.ma.array(np.zeros(len(starts), dtype=np.int64), mask=True)
    told: Arrays = {"_period": nothing, "_version": nothing}
    told |= {name: key.told(codes[name]) for name, key in keys.items()}
    if scope.every is None:
        told["_period"] = nothing
    return Grouped(rows, order, starts, told)


@dataclass(frozen=True, slots=True)
class _Key:
    """A column as codes from 0 to below ``size``: those of ``names`` where there are some, else above ``least``."""

    code: Places
    size: int
    names: Column | None = None
    least: int = 0

    def told(self, code: Places) -> Any:
        """What codes stand for."""
        if self.names is None:
            return code + self.least
        found = self.names[code]
        if found.dtype != object:
            return found
        return np.ma.masked_array(found, mask=[name is None for name in found])


def _rows(table: Table, piece: Piece, days: slice, version: str | None) -> Rows:
    """The rows of some days that count: of groups that are there, and of one version."""
    at = slice(int(table.edges[days.start]), int(table.edges[days.stop]))
    keep = np.ones(at.stop - at.start, dtype=bool)
    if len(piece.groups) < len(piece.sheet.groups):
        keep &= np.isin(table.columns["grp"][at], [i for i, _parts in piece.groups])
    if version is not None:
        code = [i for i, text in enumerate(table.texts["version"]) if text == version]
        keep &= np.isin(table.columns["version"][at], code)
    return at if keep.all() else at.start + np.flatnonzero(keep)


def _periods(
    tables: Sequence[Table], days: Sequence[slice], rows: Sequence[Rows], scope: Scope
) -> _Key:
    starts = [
        _start_of(table.days[at], scope.every) for table, at in zip(tables, days, strict=True)
    ]
    names = np.unique(np.concatenate(starts))
    codes = []
    for table, at, mine, start in zip(tables, days, rows, starts, strict=True):
        edges = table.edges[at.start : at.stop + 1]
        code = np.repeat(np.searchsorted(names, start), np.diff(edges))
        codes.append(code if isinstance(mine, slice) else code[mine - edges[0]])
    return _Key(np.concatenate(codes), max(len(names), 1), names)


def _start_of(days: Places, every: Every | None) -> Places:
    """The start of the period of each day."""
    if every is None:
        return np.zeros_like(days)
    if every == "week":
        return np.asarray(week_of(days))
    if every == "month":
        months = days.view("datetime64[us]").astype("datetime64[M]")
        return months.astype("datetime64[us]").view(np.int64)
    return days


def _key(tables: Sequence[Table], rows: Sequence[Rows], name: str) -> _Key:
    columns = [table.columns[name][mine] for table, mine in zip(tables, rows, strict=True)]
    if name not in tables[0].texts:
        column = np.concatenate(columns).astype(np.int64)
        least = int(column.min(initial=0))
        return _Key(column - least, int(column.max(initial=0)) - least + 1, None, least)
    names = sorted({n for t in tables for n in t.texts[name]}, key=lambda n: (n is None, n or ""))
    places = {n: i for i, n in enumerate(names)}
    codes = [
        np.array([places[n] for n in table.texts[name]], dtype=np.int64)[column]
        for table, column in zip(tables, columns, strict=True)
    ]
    return _Key(np.concatenate(codes), max(len(names), 1), np.array(names, dtype=object))


def _groups(place: Places) -> tuple[Places | None, Places]:
    """An order in which equal places are neighbours, and where each begins; no order where none is needed."""
    if (place[1:] > place[:-1]).all():
        return None, np.arange(len(place))
    order = np.argsort(place, kind="stable")  # runs that are in order are merged
    ordered = place[order]
    return order, np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))


def _exactly(column: Column, starts: Places) -> Column:
    ends = [*starts[1:].tolist(), len(column)]
    return np.array([math.fsum(column[a:b]) for a, b in zip(starts.tolist(), ends, strict=True)])


def _table_of(engine: Engine, sheet: Sheet, wanted: Wanted) -> Table | None:
    """The rows of days of a sheet, decoded; None where they are too many."""

    def make() -> tuple[int, Table | None]:
        table = _read(engine, sheet, wanted)
        return (table.n_bytes if table else 200), table

    found: Table | None = engine.summaries.hold(("days", sheet.file, wanted), make)
    return found


def _read(engine: Engine, sheet: Sheet, wanted: Wanted) -> Table | None:
    rows = f"SELECT grp, period, {wanted.columns} FROM ({days_sql(sheet)})"
    n_rows = engine.rows(f"SELECT count(*) FROM ({rows}) WHERE {wanted.keep}")[0][0]
    if n_rows > MOST_ROWS:
        return None
    found = engine.arrays(wanted.sql(rows, ("period", "version", "grp")))
    ends = {name for name, _sql in (*wanted.lows, *wanted.highs)}
    return table_of(found, [name for name, _sql in wanted.keys], ends)


def days_sql(sheet: Sheet) -> str:
    """The rows of days of a sheet."""
    file = quote_text(str(sheet.file))
    return f"SELECT * FROM read_parquet({file}, hive_partitioning = false) WHERE grain = 'day'"


def table_of(found: Arrays, names: Sequence[str] = (), ends: Container[str] = ()) -> Table:
    """Rows in order of their ``period`` as a table; the named ones tell rows apart, as versions do.

    What is missing adds nothing, and is no end of anything.
    """
    period = np.ma.getdata(found["period"])
    firsts = np.flatnonzero(np.append(True, period[1:] != period[:-1])[: len(period)])
    columns: dict[str, Column] = {}
    texts: dict[str, list[str | None]] = {}
    for name, column in found.items():
        if name == "version" or (name in names and column.dtype == object):
            codes: dict[str | None, int] = {}
            coded = [codes.setdefault(text, len(codes)) for text in np.ma.asarray(column).tolist()]
            columns[name], texts[name] = np.array(coded, dtype=np.int32), list(codes)
        elif name != "period":
            columns[name] = filled(column, is_end=name in ends)
    return Table(period[firsts], np.append(firsts, len(period)), columns, texts)


def filled(column: Column, *, is_end: bool) -> Column:
    """A column whose missing values are no number and no time, or nothing that can be added."""
    if not np.ma.isMaskedArray(column) or column.dtype == object:
        return column
    return np.ma.filled(column, _NONE.get(column.dtype.kind, 0) if is_end else 0)
