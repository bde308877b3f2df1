"""Small parts of a log become large ones, without a reader noticing.

Parts of a like size in one day or month are read together, sorted as every part is, and written as one
within a bounded memory. Manifest and the retirement of the old parts belong to one short transaction;
old files stay for as long as a reader may hold them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from analytics.core import Kind
from analytics.errors import QueryError, StateError
from analytics.sources.relation import quote_name, quote_text
from app.ingest.parts import FORM, columns_of, hash_file, order_of, sync
from app.ingest.words import Place
from app.ingest.workspace import Workspace, reach
from app.memory import MB, at_most
from app.state.database import Write
from app.state.logs import PartRow, add_parts, list_parts, remove_parts
from app.state.models import import_table
from app.state.outbox import list_retired, retired_table

MERGE_FROM = 16  # parts of a like size in a day or month
LARGE = 250_000  # rows of a part that stays as it is
MEMORY = 128 * MB  # for one merging; beyond it spills to the disk, what cannot takes more
MOST = 4 * MERGE_FROM  # at one time
KEEP_RETIRED = timedelta(minutes=10)


class LogMoved(StateError):
    """The log has changed since its rows were read; nothing was kept, and the rows wait."""


def merge(place: Place, model: str, kind: Kind) -> None:
    """Merge parts of a like size in a day or month, once there are MERGE_FROM of them."""
    with place.database.read() as connection:
        if not _crowded(list_parts(connection, model), kind):
            return
    with alone(place, model, kind):
        with place.database.read() as connection:
            parts = _crowded(list_parts(connection, model), kind)
        if not parts:
            return
        try:
            _merge(place, (model, kind), parts, at_most(place.memory, MEMORY))
        except QueryError as error:
            if not isinstance(error.__cause__, duckdb.OutOfMemoryException):
                raise
            _merge(place, (model, kind), parts, place.memory)  # hundreds of columns, long texts


def _merge(place: Place, log: tuple[str, Kind], parts: Sequence[PartRow], memory: str) -> None:
    files = [str(place.home / part.path) for part in parts]
    with Workspace(replace(place, threads=1, memory=memory), files) as work:
        merged = _write(work, parts, files)
        try:
            _replace(place, log, parts, merged)
        except LogMoved:
            unlink(place, [merged])
            raise


def _write(work: Workspace, parts: Sequence[PartRow], files: Sequence[str]) -> PartRow:
    """The rows of the parts in one file, in place; what the manifest says of it."""
    first, written = parts[0], work.folder / "merged.parquet"
    listed = ", ".join(map(quote_text, files))
    source = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    columns = columns_of(work, f"FROM {source}")
    order = ", ".join(map(quote_name, order_of(columns)))
    n_rows = sum(part.n_rows for part in parts)
    n = work.value(f"COPY (FROM {source} ORDER BY {order}) TO {quote_text(str(written))} ({FORM})")
    if n != n_rows:
        raise StateError(
            f"{n:,} rows of {n_rows:,} came out of parts of {first.kind}; nothing was changed.",
            "A part of the log is not as long as it was.",
            "Bring the file back from a backup (the folder logs of the home).",
        )
    sync(written)
    reach("merge-written")
    target = work.place.home / Path(first.path).parent / f"{work.id}.parquet"
    digest, size = hash_file(written), written.stat().st_size
    written.replace(target)
    sync(target.parent)
    reach("merge-placed")
    return replace(
        first,
        path=str(target.relative_to(work.place.home)),
        n_rows=n_rows,
        n_bytes=size,
        fingerprint=digest,
        start=min((p.start for p in parts if p.start is not None), default=None),
        end=max((p.end for p in parts if p.end is not None), default=None),
        first_row=min(p.first_row for p in parts),
        last_row=max(p.last_row for p in parts),
        columns=tuple(columns),
        column_types={name: kind for p in parts for name, kind in p.column_types.items()},
    )


def _replace(
    place: Place, log: tuple[str, Kind], parts: Sequence[PartRow], merged: PartRow
) -> None:
    model, kind = log
    paths = [part.path for part in parts]
    with place.database.write("outbox") as write:
        there = {part.path for part in list_parts(write.connection, model)}
        if not there.issuperset(paths):
            raise LogMoved(f"Parts of {model} changed while they were merged.", "", "Try again.")
        number = import_id(write, model, kind, 0)
        remove_parts(write, paths)
        add_parts(write, number, model, [merged])
        now = place.database.clock()
        write.execute(retired_table.insert(), [{"path": p, "retired_at": now} for p in paths])
        write.audit("merge", "model", model, kind=kind, n_parts=len(parts), n=merged.n_rows)
        reach("outbox-merge")


def _crowded(parts: Sequence[PartRow], kind: Kind) -> list[PartRow]:
    """The parts of like size in one folder, where MERGE_FROM or more came by themselves."""
    groups: dict[tuple[str, int, str], list[PartRow]] = {}
    for part in parts:
        is_ours = part.kind == kind and part.log == "production" and part.mapping is None
        if is_ours and part.import_id.startswith(("outbox-", "wal-")) and part.n_rows < LARGE:
            size = len(f"{part.n_rows:x}")  # sixteen times as many rows is the next size
            stored = part.column_types.get("label_stored", "")
            groups.setdefault((part.date, size, stored), []).append(part)
    return next((found[:MOST] for found in groups.values() if len(found) >= MERGE_FROM), [])


def drop_retired(place: Place) -> None:
    """Remove the files of merged parts that nobody can be reading any more."""
    limit = place.database.clock() - KEEP_RETIRED
    with place.database.read() as connection:
        paths = list_retired(connection, limit)
    if not paths:
        return
    for path in paths:
        (place.home / path).unlink(missing_ok=True)
    with place.database.write("outbox") as write:
        write.execute(retired_table.delete().where(retired_table.c.path.in_(paths)))
        write.audit("remove", "part", "merged", n=len(paths))


def unlink(place: Place, parts: Sequence[PartRow]) -> None:
    """Remove files that the manifest does not name."""
    for part in parts:
        (place.home / part.path).unlink(missing_ok=True)


@contextmanager
def alone(place: Place, model: str, kind: Kind) -> Iterator[None]:
    """One flush of a log at a time: the next one finds what the last has left."""
    folder = place.home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"outbox-{kind}-{model}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def import_id(write: Write, model: str, kind: Kind, n: int) -> str:
    """The one import of a log that stands for all that came through the outbox."""
    number = "outbox-" + hashlib.sha256(f"{model}/{kind}".encode()).hexdigest()[:32]
    now = write.database.clock()
    more = {"n_taken": import_table.c.n_taken + n, "finished_at": now}
    mine = import_table.update().where(import_table.c.id == number)
    if not write.execute(mine.values(**more)).rowcount:
        values: dict[str, Any] = {"id": number, "model": model, "log": "production", "kind": kind}
        values |= {"actor": "outbox", "started_at": now, "finished_at": now, "is_attached": False}
        values |= {"files": json.dumps(["given in Telltale"]), "n_taken": n, "n_aside": 0}
        write.execute(import_table.insert().values(**values, aside="{}", report="{}"))
    return number
