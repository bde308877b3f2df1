"""Settled labels kept beside the rows of every part, so that a question need not join them by text.

A part never changes: the labels that count for its rows stay true until another label arrives. They
are read by position, without ids: from the files that imports leave, else from the engine's memory,
where they are put on first need. A change of the labels or of their precedence, or a part that is
gone, drops what was kept. Questions as of a moment and files that are only attached are joined as
ever; so is a question that comes while labels are being put beside rows for another one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.core import Log, Part
from analytics.errors import QueryCancelled, QueryError, QueryTimeout
from analytics.query.aligned import Aligned, Rows, aligned_sql, chosen, read_aligned, starts_of

if TYPE_CHECKING:
    from analytics.query.engine import Engine

HELD_ROWS = 20_000_000  # at 7 to 33 bytes a row
BRANCH_ROWS = 250_000  # rows worth a thread of their own: reading by position has one a branch
MAX_TABLES = 16  # of one log; in more pieces it is put together anew


@dataclass(frozen=True, slots=True)
class Placed:
    """Which tables have the labels of which parts, true for as long as this is held.

    ``picks`` are ``label``, ``known_at`` and ``_weight`` from the relation that ``sql`` gives.
    """

    taken: tuple[tuple[Aligned, list[Part]], ...]
    picks: tuple[str, ...]
    n_threads: int

    def sql(self, read: Callable[[Sequence[Part]], str]) -> str:
        """The rows with their labels, in as many branches as threads are worth it."""
        placed = [(table, part) for table, parts in self.taken for part in parts]
        n_rows = sum(part.n_rows for _table, part in placed)
        is_alike = len({part.file_types for _table, part in placed}) == 1
        n_branches = max(1, min(self.n_threads, n_rows // BRANCH_ROWS)) if is_alike else 1
        branches = []
        for branch in _cut(placed, n_rows / n_branches):
            pieces = [
                (table, [part for other, part in branch if other is table])
                for table, _parts in self.taken
            ]
            labels = " UNION ALL ".join(_read(table, mine) for table, mine in pieces if mine)
            rows = read([part for _table, part in branch])
            branches.append(f"SELECT * FROM {rows} POSITIONAL JOIN ({labels})")
        return f"({' UNION ALL BY NAME '.join(branches)})"


@dataclass(slots=True)
class _Entry:
    """What is there of one log while its labels stay as they are."""

    state: Hashable
    tables: list[Aligned] = field(default_factory=list)
    is_refused: bool = False  # they did not fit once, and will not do so again

    @property
    def n_rows(self) -> int:
        """Rows in the engine's memory."""
        return sum(table.n_rows for table in self.tables if table.kept)

    def lacks(self, parts: Sequence[Part]) -> list[Part]:
        """Those of the parts that no table has."""
        return [part for part in parts if not any(part in t.starts for t in self.tables)]


class Beside:
    """The labels that one engine has beside the rows, from the files in ``folder`` or in its memory.

    In memory are at most ``max_rows``: 0 keeps none there. The least used logs go first where there
    are too many.
    """

    def __init__(self, max_rows: int = HELD_ROWS, folder: Path | None = None) -> None:
        self.max_rows, self.folder = max_rows, folder
        self.n_built = 0  # how often labels were put beside rows in memory
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._filling = threading.Lock()

    @property
    def n_rows(self) -> int:
        """Rows kept in memory now."""
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
        taken = chosen(tables, parts) if tables else None
        if taken is None:
            return None
        return Placed(tuple(taken), picks_of(rows.labels), engine.n_threads)

    def _look(self, rows: Rows, parts: Sequence[Part]) -> tuple[Aligned, ...] | None:
        """The tables that hold the parts, if they do; what no longer holds is dropped."""
        with self._lock:
            entry = self._entries.get(rows.name)
            if entry is None or entry.state != rows.state:
                self._entries[rows.name] = entry = _Entry(rows.state)
            self._entries.move_to_end(rows.name)
            there = set(rows.predictions.parts)
            entry.tables = [t for t in entry.tables if t.is_there and t.starts.keys() <= there]
            if entry.lacks(parts) and self.folder is not None:
                kept = [table for table in entry.tables if table.kept]
                entry.tables = [*read_aligned(self.folder, rows), *kept]
            return None if entry.lacks(parts) else tuple(entry.tables)

    def _fill(
        self, engine: Engine, rows: Rows, parts: Sequence[Part]
    ) -> tuple[Aligned, ...] | None:
        with self._lock:
            entry = self._entries[rows.name]
            lacking = self._make_room(entry, parts)
        if entry.is_refused or lacking is None:
            return None
        table = _keep(engine, rows, lacking)
        with self._lock:
            self.n_built += table is not None
            entry.is_refused = table is None
            entry.tables += [] if table is None else [table]
            return None if table is None else tuple(entry.tables)

    def _make_room(self, entry: _Entry, parts: Sequence[Part]) -> list[Part] | None:
        """The parts to be added, None where they are too many; the least used logs are dropped."""
        lacking = entry.lacks(parts)
        n_rows = sum(part.n_rows for part in lacking)
        n_kept = sum(1 for table in entry.tables if table.kept)
        if entry.n_rows + n_rows > self.max_rows or n_kept == MAX_TABLES:
            entry.tables = [table for table in entry.tables if not table.kept]
            lacking = entry.lacks(parts)
            n_rows = sum(part.n_rows for part in lacking)
        if n_rows > self.max_rows:
            return None
        for name, other in list(self._entries.items()):
            if n_rows + sum(e.n_rows for e in self._entries.values()) <= self.max_rows:
                break
            if other is not entry:
                del self._entries[name]
        return lacking


def _keep(engine: Engine, rows: Rows, parts: Sequence[Part]) -> Aligned | None:
    """The labels of the parts in the order of their rows; None where memory does not suffice."""
    n_rows = sum(part.n_rows for part in parts)
    for is_known_once in (True, False):
        try:
            kept = engine.keep(aligned_sql(rows, parts, is_known_once=is_known_once))
        except (QueryCancelled, QueryTimeout):
            raise
        except QueryError:
            return None
        if kept.n_rows == n_rows:
            return Aligned(kept.name, starts_of(parts), n_rows, kept)
    return None  # a file of another length than the manifest says


def picks_of(labels: Log) -> tuple[str, ...]:
    """``label``, ``known_at`` and ``_weight`` from the labels of a log as they stand beside rows."""
    known = "_known_at" if "known_at" in labels.columns else "CAST(NULL AS TIMESTAMP)"
    weight = "coalesce(_sampled, 1)" if "sampling_p" in labels.columns else "CAST(1 AS DOUBLE)"
    return "_label AS label", f"{known} AS known_at", f"{weight} AS _weight"


def _cut(placed: list[tuple[Aligned, Part]], size: float) -> Iterator[list[tuple[Aligned, Part]]]:
    """Pieces of about ``size`` rows."""
    piece: list[tuple[Aligned, Part]] = []
    n_rows = 0
    for pair in placed:
        piece.append(pair)
        n_rows += pair[1].n_rows
        if n_rows >= size:
            yield piece
            piece, n_rows = [], 0
    if piece:
        yield piece


def _read(table: Aligned, parts: Sequence[Part]) -> str:
    """A table's rows of some of its parts, in order."""
    text = f"SELECT * EXCLUDE (_at) FROM {table.source}"
    if sum(part.n_rows for part in parts) == table.n_rows:
        return text
    spans: list[tuple[int, int]] = []
    for part in parts:
        start = table.starts[part]
        first = spans.pop()[0] if spans and spans[-1][1] == start else start
        spans.append((first, start + part.n_rows))
    return f"{text} WHERE {' OR '.join(f'(_at >= {a} AND _at < {b})' for a, b in spans)}"
