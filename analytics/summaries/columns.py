"""Numeric columns counted on the grid, by hour and by day, for every version.

A row of a sheet has the number of rows, the first and the last time, and for each column one blob of
counts (see ``edges.narrow``) with its smallest and largest value. Rows of days are sums of rows of
hours. ``analytics.summaries.sql`` says the same in portable SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from analytics.core import Log, Part
from analytics.needs import Floats
from analytics.sources.relation import quote_name, relation
from analytics.summaries.edges import narrow
from analytics.summaries.files import PIECE_ROWS, Piece, chunks, pieces, plain_columns
from analytics.summaries.grid import Grid
from analytics.summaries.rest import Rest, scanned_sql
from analytics.summaries.spans import DAY, HOUR, Span, micros
from analytics.summaries.sql import hours_sql
from analytics.together import together

if TYPE_CHECKING:
    import pyarrow as pa

    from analytics.query.engine import Engine

KIND = "numbers"
AT_ONCE = 5  # columns fetched by one statement
FEW = 300  # rows of a day: with fewer on average none is kept
FEW_HOUR = 2_000  # of an hour: with fewer its bins cost more than they save
_NO_VERSION = -1
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Column:
    """Counts of one column, a row each: bins and what is missing, smallest and largest value (NaN: none)."""

    counts: npt.NDArray[np.integer[Any]]
    low: Floats
    high: Floats

    def summed(self, starts: Ints) -> Column:
        """Neighbouring rows put together; each of ``starts`` begins a new one."""
        if len(starts) == len(self.low):
            return Column(self.counts.astype(np.int64), self.low, self.high)
        if len(starts) == 1:
            counts = self.counts.sum(axis=0, dtype=np.int64)[None]
        else:
            counts = np.add.reduceat(self.counts, starts, axis=0, dtype=np.int64)
        return Column(
            counts,
            np.fmin.reduceat(self.low, starts),
            np.fmax.reduceat(self.high, starts),
        )

    def ordered(self, order: npt.NDArray[np.intp]) -> Column:
        """The rows in another order."""
        return Column(self.counts[order], self.low[order], self.high[order])


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours and versions that some rows have, in order: a code each, which ``versions`` explain.

    Where hours are not worth their place these are days: ``unit`` says which.
    """

    period: Ints
    version: Ints
    versions: tuple[str, ...]
    n: Ints
    first: Ints
    last: Ints
    unit: int = HOUR

    def of_days(self) -> Hours:
        """The same rows by day and version."""
        order, starts = self.starts_of(DAY)
        return Hours(
            self.period[order][starts] // DAY * DAY,
            self.version[order][starts],
            self.versions,
            np.add.reduceat(self.n[order], starts),
            np.minimum.reduceat(self.first[order], starts),
            np.maximum.reduceat(self.last[order], starts),
            DAY,
        )

    @property
    def grain(self) -> str:
        """The name of the unit."""
        return "hour" if self.unit == HOUR else "day"

    @property
    def is_mixed(self) -> bool:
        """Whether the rows are of several versions, having none among them."""
        return len(self.versions) + bool((self.version == _NO_VERSION).any()) > 1

    def starts_of(self, unit: int) -> tuple[npt.NDArray[np.intp], Ints]:
        """An order in which rows of one version and unit of time are neighbours, and where each begins."""
        unit_of = self.period // unit
        order = np.lexsort((self.version, unit_of))
        key = np.stack((unit_of[order], self.version[order]))
        return order, np.flatnonzero(np.append(True, (key[:, 1:] != key[:, :-1]).any(axis=0)))


def hours_of(engine: Engine, log: Log, parts: Sequence[Part]) -> Hours | None:
    """Rows of the parts by hour and version; None where some row has no time."""
    sql = hours_sql(relation(log, parts), has_version="model_version" in log.columns)
    return hours_from(engine.rows(sql))


def hours_from(found: Sequence[tuple[Any, ...]]) -> Hours | None:
    """The rows of ``hours_sql`` in order; None where there are none, or some have no time."""
    if not found or any(row[0] is None for row in found):
        return None
    versions = tuple(sorted({row[1] for row in found} - {None}))
    codes = {name: i for i, name in enumerate(versions)} | {None: _NO_VERSION}
    rows = sorted((micros(hour), codes[v], n, micros(a), micros(b)) for hour, v, n, a, b in found)
    columns = np.array(rows, dtype=np.int64).T
    return Hours(columns[0], columns[1], versions, *columns[2:])


def count_columns(
    engine: Engine, log: Log, parts: Sequence[Part], hours: Hours, grid: Grid
) -> dict[str, Column]:
    """Every column of the grid that the log has, counted by hour and version."""
    names = [name for name in grid.edges if name in log.columns]
    plain = plain_columns(parts, names, "number")
    found: dict[str, Column] = {}
    for chosen in (plain, [name for name in names if name not in plain]):
        for few in chunks(chosen, parts, AT_ONCE):
            tallies = {n: _Tally(grid.edges[n], len(hours.n)) for n in few}
            if chosen is plain:
                for piece in pieces(parts, list(tallies), has_version=hours.is_mixed):
                    _add([piece.numbers(n) for n in tallies], rows_of(hours, piece), tallies)
            else:
                for rest in _spans(hours, parts):
                    _fetch(engine, log, (rest, hours), tallies)
            found |= {name: tally.column() for name, tally in tallies.items()}
    return {name: found[name] for name in names}


class _Tally:
    """Running counts of one column: rows up to each edge, by hour and version."""

    def __init__(self, edges: Floats, n_rows: int) -> None:
        self.edges = edges
        self.upto = np.zeros((n_rows, len(edges) + 3), dtype=np.int64)  # 0, edges, values, rows
        self.low, self.high = np.full(n_rows, np.nan), np.full(n_rows, np.nan)

    def add(self, values: Floats, runs: list[tuple[int, int, int]]) -> None:
        """Count runs (start, end, row) of values, which are put in order."""
        for start, end, row in runs:
            piece = values[start:end]
            piece.sort()  # NaN goes to the end
            n = len(piece)
            if np.isnan(piece[-1]):
                n = int(np.searchsorted(piece, np.nan))
            upto = self.upto[row]
            upto[1:-2] += np.searchsorted(piece[:n], self.edges, side="right")
            upto[-2] += n
            upto[-1] += len(piece)
            if n:
                self.low[row] = np.fmin(self.low[row], piece[0])
                self.high[row] = np.fmax(self.high[row], piece[n - 1])

    def column(self) -> Column:
        """The counts of the bins."""
        return Column(np.diff(self.upto, axis=1), self.low, self.high)


def _spans(hours: Hours, parts: Sequence[Part]) -> list[Rest]:
    """The parts cut into spans of whole hours that hold about ``PIECE_ROWS`` rows."""
    upto = np.cumsum(hours.n) // PIECE_ROWS
    starts = hours.period[np.flatnonzero(np.append(False, upto[1:] != upto[:-1]))]
    cuts: list[int | None] = [None, *np.unique(starts[starts > hours.period[0]]).tolist(), None]
    spans: list[Span] = list(pairwise(cuts))
    return [Rest(tuple(parts), (span,)) for span in spans]


def _fetch(engine: Engine, log: Log, where: tuple[Rest, Hours], tallies: dict[str, _Tally]) -> None:
    """Count what one statement gives: columns that are no plain numbers in their files."""
    rest, hours = where
    picks = [f"CAST({quote_name(c)} AS DOUBLE) AS c{i}" for i, c in enumerate(tallies)]
    picks.append(f"epoch_us(date_trunc('{hours.grain}', timestamp)) AS hour")
    values: dict[str, Any] = {}
    if hours.is_mixed:
        values["versions"] = list(hours.versions)
        picks.append("coalesce(list_position($versions, model_version), 0) - 1 AS version")
    sql = f"SELECT {', '.join(picks)} FROM {scanned_sql(log, rest)}"
    found = engine.arrays(sql, values or None)
    numbers = [_filled(found[f"c{i}"]) for i in range(len(tallies))]
    version = np.ma.getdata(found["version"]) if hours.is_mixed else None
    _add(numbers, _row_numbers(hours, np.ma.getdata(found["hour"]), version), tallies)


def _filled(column: Any) -> Floats:
    return np.array(np.ma.filled(np.ma.asarray(column, dtype=float), np.nan))


def _add(columns: Sequence[Floats], row: npt.NDArray[Any], tallies: dict[str, _Tally]) -> None:
    """Count columns whose rows belong to these rows of the tallies."""
    if not len(row):
        return
    order = None if (row[1:] >= row[:-1]).all() else np.argsort(row, kind="stable")
    ordered = row if order is None else row[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    ends = np.append(starts[1:], len(ordered))
    runs = list(zip(starts.tolist(), ends.tolist(), ordered[starts].tolist(), strict=True))

    def count(item: tuple[Floats, _Tally]) -> None:
        numbers, tally = item
        tally.add(numbers if order is None else numbers[order], runs)

    together(count, zip(columns, tallies.values(), strict=True))


def rows_of(hours: Hours, piece: Piece) -> npt.NDArray[Any]:
    """Which of the hours and versions each row of a piece belongs to, in a type that sorts fast."""
    version = None
    if hours.is_mixed:
        version = np.full(piece.n, _NO_VERSION)
        if "model_version" in piece.names:
            names, codes = piece.levels("model_version")
            known = {name: i for i, name in enumerate(hours.versions)}
            table = np.array([*(known[name] for name in names), _NO_VERSION], dtype=np.int64)
            version = table[codes]
    return _row_numbers(hours, piece.periods(hours.unit), version)


def _row_numbers(hours: Hours, period: Ints, version: Ints | None) -> npt.NDArray[Any]:
    first, width = int(hours.period[0]), len(hours.versions) + 1
    own = hours.version if version is not None else np.zeros_like(hours.version)
    keys = (hours.period - first) // hours.unit * width + own + 1  # no version is -1
    table = np.zeros(int(keys[-1]) + 1, dtype=np.uint16 if len(keys) < 1 << 16 else np.int64)
    table[keys] = np.arange(len(keys))
    at = (period - first) // hours.unit * width + 1
    found: npt.NDArray[Any] = table[at if version is None else at + version]
    return found


def grains_of(hours: Hours) -> tuple[str, ...]:
    """The grains that are worth their place: days, and hours beside them."""
    n = int(hours.n.sum())
    n_days = len(hours.starts_of(DAY)[1])
    if n < FEW * n_days:
        return ()
    return ("hour", "day") if n >= FEW_HOUR * len(hours.n) else ("day",)


def empty_table(n_columns: int) -> pa.Table:
    """A sheet without rows."""
    import pyarrow as pa

    whole = ("period", "n", "first", "last")
    fields = [("grp", pa.int32()), ("grain", pa.string()), ("version", pa.string())]
    fields += [(name, pa.int64()) for name in whole]
    for i in range(n_columns):
        fields += [(f"bins{i}", pa.binary()), (f"low{i}", pa.float64()), (f"high{i}", pa.float64())]
    return pa.table({name: pa.array([], kind) for name, kind in fields})


def numbers_table(
    group: int, hours: Hours, columns: dict[str, Column], grains: Sequence[str]
) -> pa.Table:
    """The rows of one group of parts as they are written: of hours, of days."""
    import pyarrow as pa

    tables = []
    for grain, unit in (("day", DAY), ("hour", HOUR)):
        if grain not in grains:
            continue
        order, starts = hours.starts_of(unit)
        names = np.array([*hours.versions, None], dtype=object)
        told: dict[str, Any] = {
            "grp": np.full(len(starts), group, dtype=np.int32),
            "grain": [grain] * len(starts),
            "version": pa.array(names[hours.version[order][starts]].tolist(), pa.string()),
            "period": hours.period[order][starts] // unit * unit,
            "n": np.add.reduceat(hours.n[order], starts),
            "first": np.minimum.reduceat(hours.first[order], starts),
            "last": np.maximum.reduceat(hours.last[order], starts),
        }
        for i, column in enumerate(columns.values()):
            found = column.ordered(order).summed(starts)
            told[f"bins{i}"] = pa.array(
                [narrow(row).tobytes() for row in found.counts], pa.binary()
            )
            told[f"low{i}"], told[f"high{i}"] = found.low, found.high
        tables.append(pa.table(told))
    return pa.concat_tables(tables)
