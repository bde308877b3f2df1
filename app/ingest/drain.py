"""From the write-ahead log into the logs: closed files become parts, each row exactly once.

Rows of one model and kind go through the same import as files do: ids stay unique, what is set
aside is counted and shown. The import is numbered after its file, so that a process that dies
between the commit and the removal of the file does not take it twice.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import sqlalchemy as sa

from analytics.core import Kind
from analytics.errors import (
    FileUnreadable,
    LogError,
    QueryError,
    StateError,
    TelltaleError,
    UsageError,
)
from app.ingest.compact import merge
from app.ingest.halves import bury_orphans, join_halves, keep_joined
from app.ingest.parts import sync
from app.ingest.replan import Plans
from app.ingest.run import run_import
from app.ingest.together import Block, to_columns, together
from app.ingest.wal import whole_records
from app.ingest.words import ImportOptions, ImportPlan, Place
from app.ingest.workspace import hold, new_import_id, reach
from app.memory import MB, at_most, give_back
from app.state.logs import ImportRow, add_import
from app.state.models import find_model, import_table

if TYPE_CHECKING:
    import pyarrow as pa

PREFIX = "wal-"
ROLES = {
    "prediction_id": "prediction_id",
    "timestamp": "timestamp",
    "known_at": "label_time",
    "model_version": "model_version",
    "prediction": "prediction",
    "score": "score",
    "label": "label",
    "latency_ms": "latency_ms",
    "status": "status",
    "error_type": "error_type",
    "user_id": "user_id",
    "session_id": "session_id",
    "received_at": "received_at",
}
MOST_PLAIN = 5_000  # rows as plain values at one time; what is more becomes a table at once
MANY = 200_000  # rows of one round, with which small parts stay a while
MOST_MEMORY = 256 * MB  # of the database for one file; beyond it spills to the disk
IDLE_S = 0.2
FAILED_S = 5.0
LOOK_S = 10.0  # how often it is looked for requests without a response
_log = logging.getLogger("telltale.wal")


@dataclass(slots=True)
class _Group:
    """What one file holds for one log: rows and tables in their order, and what was refused."""

    found: list[Block | pa.Table] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)
    halves: list[str] = field(default_factory=list)  # of pairs, in their order

    def add(self, record: Mapping[str, Any], rest: bytes) -> None:
        """One record: rows as they are, or columns or a table behind its line of JSON."""
        import msgspec
        import pyarrow as pa

        self.refused += record.get("refused", ())
        self.halves += record.get("halves", ())
        if rest and record.get("form") == "arrow":
            with pa.ipc.open_stream(rest) as reader:
                self.found.append(reader.read_all())
            return
        rows = record.get("rows")
        columns = to_columns(rows) if rows else msgspec.msgpack.decode(rest) if rest else {}
        if columns and record.get("received_at") is not None:
            n = len(next(iter(columns.values())))
            columns["received_at"] = (record["received_at"],) * n
        if columns:
            self.add_columns(columns)

    def add_columns(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """More rows beneath, in the same block where the last ones were plain values too."""
        last = self.found[-1] if self.found else None
        if isinstance(last, Block) and last.n >= MOST_PLAIN:
            self.found[-1] = last.table()
        if not self.found or not isinstance(self.found[-1], Block):
            self.found.append(Block())
        self.found[-1].add(columns)


def columns_record(what: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows as a record of the write-ahead log: a line of JSON, then columns of plain values."""
    import msgspec

    rest = msgspec.msgpack.encode(to_columns(rows)) if rows else b""
    return msgspec.json.encode({**what, "form": "columns"}) + b"\n" + rest


def arrow_record(what: Mapping[str, str], table: pa.Table, now: datetime) -> bytes:
    """A batch of columns as a record of the write-ahead log: a line of JSON, then an Arrow stream."""
    import pyarrow as pa

    received = pa.repeat(pa.scalar(now, pa.timestamp("us")), table.num_rows)
    table = table.append_column("received_at", received)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return json.dumps({**what, "form": "arrow"}).encode() + b"\n" + bytes(sink.getvalue())


def drain(place: Place, plans: Plans | None = None) -> int:
    """Take every closed file of the write-ahead log; the number of rows in them."""
    n, failed, plans = 0, None, plans or Plans()
    touched: set[tuple[str, Kind]] = set()
    for file in sorted((place.home / "wal").glob("*.log")):
        try:
            with _claimed(file) as is_ours:
                n += _drain_file(place, file, plans, touched) if is_ours else 0
        except Exception as error:  # one file that cannot be taken keeps no other waiting
            failed = error
    if n < MANY:  # while much waits, what came in goes first
        for model, kind in sorted(touched):
            try:
                merge(place, model, kind)
            except QueryError as error:  # what came in counts all the same
                _log.warning("small parts of %s stay as they are: %s", model, error.what)
    if failed is not None:
        raise failed
    return n


class Drainer(threading.Thread):
    """Drains until ended, whatever else the worker does."""

    def __init__(self, place: Place, orphans_s: float = 300.0) -> None:
        super().__init__(daemon=True, name="wal")
        # one thread of the database: it keeps up, and whoever sends and reads has the other cores
        self._place = replace(place, threads=1, memory=at_most(place.memory, MOST_MEMORY))
        self._orphans_s, self._look_at = orphans_s, 0.0
        self._ended = threading.Event()
        self._plans = Plans()

    def run(self) -> None:
        """Until ended; what goes wrong is said, and tried again."""
        while not self._ended.wait(IDLE_S):
            try:
                if drain(self._place, self._plans):
                    give_back()
                if time.monotonic() >= self._look_at:
                    self._look_at = time.monotonic() + LOOK_S
                    bury_orphans(self._place, self._orphans_s)
            except Exception:
                _log.exception("the write-ahead log was not emptied")
                self._ended.wait(FAILED_S)

    def end(self) -> None:
        """Drain no more."""
        self._ended.set()
        self.join()


@contextmanager
def _claimed(file: Path) -> Iterator[bool]:
    """Whether the file is ours now: nobody writes it, nobody else drains it."""
    try:
        handle = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file.exists()
    except BlockingIOError:
        yield False
    finally:
        os.close(handle)


def _drain_file(place: Place, file: Path, plans: Plans, touched: set[tuple[str, Kind]]) -> int:
    import msgspec

    records, torn = whole_records(file.read_bytes())
    groups: dict[tuple[str, Kind], _Group] = {}
    records.reverse()
    while records:  # each is let go once it was read: a file is held once, not twice
        head, _line, rest = records.pop().partition(b"\n")
        record = msgspec.json.decode(head)
        groups.setdefault((record["model"], record["kind"]), _Group()).add(record, rest)
    n, failed = 0, None
    for i, (key, group) in enumerate(sorted(groups.items())):
        try:
            n += _take(place, f"{PREFIX}{file.stem}-{i}", key, group, plans)
        except (StateError, OSError, FileUnreadable) as error:
            failed = error  # the other models do not wait for this one
    if failed is not None:
        raise failed
    reach("wal-taken")
    if torn:
        _keep_torn(file, b"".join(torn))
    file.unlink()
    sync(file.parent)
    touched |= set(groups)
    return n


def _keep_torn(file: Path, rest: bytes) -> None:
    """What is no whole record: a tail was never answered; the rest is kept for whoever asks."""
    folder = file.parent / "torn"
    folder.mkdir(exist_ok=True, mode=0o700)
    (folder / file.with_suffix(".torn").name).write_bytes(rest)
    _log.warning("%s bytes of %s are no whole record; kept in %s", len(rest), file.name, folder)


def _take(place: Place, number: str, key: tuple[str, Kind], group: _Group, plans: Plans) -> int:
    """Import what is good and keep aside what is not, once each; the number of rows."""
    joined = join_halves(place, key[0], group.halves)
    group.refused += joined.refused
    if joined.rows:
        group.found.append(Block(joined.rows))
    n = sum(len(found) for found in group.found)
    if n and not _is_known(place, number):
        _import(place, number, key, group, plans)
    if group.refused and not _is_known(place, f"{number}-aside"):
        _keep_aside(place, f"{number}-aside", key, group.refused)
    keep_joined(place, key[0], joined)
    return n


def _keep_all_aside(
    place: Place, number: str, key: tuple[str, Kind], error: TelltaleError, file: Path
) -> None:
    import pyarrow.parquet as pq

    _log.warning("rows of %s were set aside: %s", key[0], error.what)
    said = f"the rows could not be taken: {error.what}"
    with pq.ParquetFile(file) as rows:
        raw = [
            json.dumps(row, default=str)
            for batch in rows.iter_batches(1000)
            for row in batch.to_pylist()
        ]
    _keep_aside(place, number, key, [{"reason": said, "raw": text} for text in raw])


def _is_known(place: Place, number: str) -> bool:
    with place.database.read() as connection:
        found = sa.select(import_table.c.id).where(import_table.c.id == number)
        return connection.execute(found).first() is not None


def _import(place: Place, number: str, key: tuple[str, Kind], group: _Group, plans: Plans) -> None:
    folder = place.home / "tmp" / new_import_id()
    # of one that died; the file is ours
    shutil.rmtree(place.home / "tmp" / number, ignore_errors=True)
    with hold(folder):
        file = folder / "api.parquet"
        try:
            here = replace(place, roots=None)
            run_import(here, _planned(here, key, group, plans, file), number=number)
        except FileUnreadable as error:
            if isinstance(error.__cause__, duckdb.IOException):
                raise  # a disk that is full, or a part of the log that is damaged: tried again
            _keep_all_aside(place, number, key, error, file)
        except (LogError, UsageError) as error:  # the rows; a disk or a database is tried again
            _keep_all_aside(place, number, key, error, file)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _planned(
    place: Place, key: tuple[str, Kind], group: _Group, plans: Plans, file: Path
) -> ImportPlan:
    """The plan of the group's rows, which stand in ``file`` from here on and in no memory."""
    import pyarrow.parquet as pq

    table = together(group.found)
    group.found.clear()
    pq.write_table(table, file, compression="lz4", use_dictionary=False)
    mapping = _mapping(table.column_names, key[1])
    return plans.plan(place, file, table, ImportOptions(*key, mapping=mapping, format="parquet"))


def _mapping(names: Sequence[str], kind: Kind) -> tuple[tuple[str, str], ...]:
    """The role of each column, by the names of the API; the rest are features."""
    found = []
    for name in names:
        role = ROLES.get(name, "feature")
        if kind == "predictions" and name.startswith("score_"):
            role = name
        found.append((role, name))
    return tuple(found)


def _keep_aside(
    place: Place, number: str, key: tuple[str, Kind], refused: Sequence[Mapping[str, str]]
) -> None:
    """Rows that are in no log, with why: a file that the screen opens, and an import that counts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    reasons = [item["reason"] for item in refused]
    columns = {"file": ["API"] * len(refused), "ord": list(range(len(refused)))}
    table = pa.table({**columns, "reason": reasons, "raw": [item["raw"] for item in refused]})
    target = place.home / "aside" / f"{number}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, target, compression="zstd")
    sync(target)
    now = place.database.clock()
    counted = {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}
    model, kind = key
    with place.database.write(place.actor) as write:
        if find_model(write.connection, model) is None:
            return
        row = ImportRow(
            number, model, "production", kind, place.actor, now, now, ("API",), 0, counted
        )
        add_import(write, row, [])
