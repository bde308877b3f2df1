"""Settled labels kept beside the rows of every part, so that a question need not join them by text.

A part never changes: the labels that count for its rows stay true until another label arrives. They
are kept in the engine's memory in the order of the rows, without ids, and read by position. A change
of the labels or of their precedence, or a part that is gone, drops what was kept. Questions as of a
moment and files that are only attached are joined as ever; so is a question that comes while
labels are being put beside rows for another one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from analytics.core import Dataset, Log, LogName, Part, Scope
from analytics.errors import QueryCancelled, QueryError, QueryTimeout
from analytics.query.settled import settled_sql
from analytics.sources.relation import relation

if TYPE_CHECKING:
    from analytics.query.engine import Engine, Kept

HELD_ROWS = 20_000_000  # at 7 to 33 bytes a row
BRANCH_ROWS = 250_000  # rows worth a thread of their own: reading by position has one a branch
MAX_TABLES = 16  # of one log; in more pieces it is put together anew


@dataclass(frozen=True, slots=True)
class _Table:
    """Labels in the order of the rows of some parts, and where each part begins."""

    kept: Kept
    starts: dict[Part, int]


@dataclass(frozen=True, slots=True)
class Placed:
    """Rows of some parts with their labels as SQL, true for as long as this is held.

    ``picks`` are ``label``, ``known_at`` and ``_weight`` from that relation.
    """

    sql: str
    picks: tuple[str, ...]
    tables: tuple[_Table, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Whose labels, and which of them."""

    dataset: Dataset
    log: LogName
    with_corrections: bool

    @property
    def name(self) -> Hashable:
        """What is kept under one name replaces what was kept before."""
        return self.dataset.model, self.log, self.with_corrections

    @property
    def labels(self) -> Log:
        """The label log."""
        return self.dataset.log("labels", self.log)

    @property
    def predictions(self) -> Log:
        """The log whose rows they stand beside."""
        return self.dataset.log("predictions", self.log)

    @property
    def state(self) -> Hashable:
        """Everything that decides which label counts."""
        labels = self.labels
        return labels.parts, labels.columns, labels.is_unique, self.dataset.label_precedence


@dataclass(slots=True)
class _Entry:
    """What is kept of one log while its labels stay as they are."""

    state: Hashable
    tables: list[_Table] = field(default_factory=list)
    is_refused: bool = False  # they did not fit once, and will not do so again

    @property
    def n_rows(self) -> int:
        return sum(part.n_rows for table in self.tables for part in table.starts)

    def lacks(self, parts: Sequence[Part]) -> list[Part]:
        return [part for part in parts if not any(part in t.starts for t in self.tables)]


class Beside:
    """The labels that one engine keeps; the least used logs go first where there are too many."""

    def __init__(self, max_rows: int = HELD_ROWS) -> None:
        self.max_rows = max_rows
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._filling = threading.Lock()

    @property
    def n_rows(self) -> int:
        """Rows kept now."""
        with self._lock:
            return sum(entry.n_rows for entry in self._entries.values())

    def place(self, engine: Engine, rows: Rows, parts: Sequence[Part]) -> Placed | None:
        """The parts with their labels; None where these have to be joined."""
        if not rows.labels.parts or any(part.mapping is not None for part in parts):
            return None
        tables = self._look(rows, parts)
        if tables is None and self._filling.acquire(blocking=False):
            try:
                tables = self._look(rows, parts) or self._fill(engine, rows, parts)
            finally:
                self._filling.release()
        if not tables:
            return None
        sql = _relation(rows.predictions, parts, tables, engine.n_threads)
        return Placed(sql, _picks(rows.labels), tables)

    def _look(self, rows: Rows, parts: Sequence[Part]) -> tuple[_Table, ...] | None:
        """The tables that hold the parts, if they do; what no longer holds is dropped."""
        with self._lock:
            entry = self._entries.get(rows.name)
            if entry is None or entry.state != rows.state:
                self._entries[rows.name] = entry = _Entry(rows.state)
            self._entries.move_to_end(rows.name)
            there = set(rows.predictions.parts)
            entry.tables = [table for table in entry.tables if table.starts.keys() <= there]
            return None if entry.lacks(parts) else tuple(entry.tables)

    def _fill(self, engine: Engine, rows: Rows, parts: Sequence[Part]) -> tuple[_Table, ...] | None:
        with self._lock:
            entry = self._entries[rows.name]
            lacking = self._make_room(entry, parts)
        if entry.is_refused or lacking is None:
            return None
        table = _keep(engine, rows, lacking)
        with self._lock:
            entry.is_refused = table is None
            entry.tables += [] if table is None else [table]
            return None if table is None else tuple(entry.tables)

    def _make_room(self, entry: _Entry, parts: Sequence[Part]) -> list[Part] | None:
        """The parts to be added, None where they are too many; the least used logs are dropped."""
        lacking = entry.lacks(parts)
        n_rows = sum(part.n_rows for part in lacking)
        if entry.n_rows + n_rows > self.max_rows or len(entry.tables) == MAX_TABLES:
            entry.tables, lacking = [], list(parts)
            n_rows = sum(part.n_rows for part in lacking)
        if n_rows > self.max_rows:
            return None
        for name, other in list(self._entries.items()):
            if n_rows + sum(e.n_rows for e in self._entries.values()) <= self.max_rows:
                break
            if other is not entry:
                del self._entries[name]
        return lacking


def _keep(engine: Engine, rows: Rows, parts: Sequence[Part]) -> _Table | None:
    """The labels of the parts in the order of their rows; None where memory does not suffice."""
    columns = set(rows.labels.columns)
    picks = ["row_number - 1 AS _at", "label AS _label"]
    picks += ["known_at AS _known_at"] if "known_at" in columns else []
    picks += ["_weight AS _sampled"] if "sampling_p" in columns else []
    settled = settled_sql(rows.dataset, Scope(rows.log), {}, rows.with_corrections)
    ids = f"SELECT prediction_id, row_number() OVER () AS row_number FROM {relation(rows.predictions, parts)}"
    sql = (
        f"SELECT {', '.join(picks)} FROM ({ids}) LEFT JOIN ({settled}) USING (prediction_id)"
        " ORDER BY row_number"
    )
    try:
        kept = engine.keep(sql)
    except (QueryCancelled, QueryTimeout):
        raise
    except QueryError:
        return None
    ends = list(accumulate(part.n_rows for part in parts))
    if kept.n_rows != ends[-1]:  # a file of another length than the manifest says
        return None
    return _Table(kept, dict(zip(parts, [0, *ends[:-1]], strict=True)))


def _picks(labels: Log) -> tuple[str, ...]:
    known = "_known_at" if "known_at" in labels.columns else "CAST(NULL AS TIMESTAMP)"
    weight = "coalesce(_sampled, 1)" if "sampling_p" in labels.columns else "CAST(1 AS DOUBLE)"
    return "_label AS label", f"{known} AS known_at", f"{weight} AS _weight"


def _relation(log: Log, parts: Sequence[Part], tables: Sequence[_Table], n_threads: int) -> str:
    """The log's rows with their labels, in as many branches as threads are worth it."""
    placed = [
        (table, part)
        for table in tables
        for part in sorted((p for p in parts if p in table.starts), key=table.starts.__getitem__)
    ]
    n_rows = sum(part.n_rows for part in parts)
    is_alike = len({part.file_types for part in parts}) == 1
    n_branches = max(1, min(n_threads, n_rows // BRANCH_ROWS)) if is_alike else 1
    branches = []
    for branch in _cut(placed, n_rows / n_branches):
        labels = " UNION ALL ".join(
            _read(table, [part for other, part in branch if other is table])
            for table in tables
            if any(other is table for other, _part in branch)
        )
        read = relation(log, [part for _table, part in branch])
        branches.append(f"SELECT * FROM {read} POSITIONAL JOIN ({labels})")
    return f"({' UNION ALL BY NAME '.join(branches)})"


def _cut(placed: list[tuple[_Table, Part]], size: float) -> Iterator[list[tuple[_Table, Part]]]:
    """Pieces of about ``size`` rows."""
    piece: list[tuple[_Table, Part]] = []
    n_rows = 0
    for pair in placed:
        piece.append(pair)
        n_rows += pair[1].n_rows
        if n_rows >= size:
            yield piece
            piece, n_rows = [], 0
    if piece:
        yield piece


def _read(table: _Table, parts: Sequence[Part]) -> str:
    """A table's rows of some of its parts, in order."""
    text = f"SELECT * EXCLUDE (_at) FROM {table.kept.name}"
    if len(parts) == len(table.starts):
        return text
    spans: list[tuple[int, int]] = []
    for part in parts:
        start = table.starts[part]
        first = spans.pop()[0] if spans and spans[-1][1] == start else start
        spans.append((first, start + part.n_rows))
    return f"{text} WHERE {' OR '.join(f'(_at >= {a} AND _at < {b})' for a, b in spans)}"
