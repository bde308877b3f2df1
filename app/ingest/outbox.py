"""From the outbox into the logs: waiting rows become parts, exactly once, within a second or so.

Files are written first; manifest and the removal of the rows belong to one short transaction. A
process that dies at any moment leaves the rows waiting or the part counted, never both and never
neither. ``app.ingest.compact`` makes large parts of many small ones.
"""

from __future__ import annotations

import json
import logging
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.core import Kind
from app.ingest.compact import LogMoved, alone, drop_retired, import_id, merge, unlink
from app.ingest.parts import GROUP_ROWS, LABEL_COLUMNS, hash_file, order_of, sync
from app.ingest.words import Place
from app.ingest.workspace import hold, new_import_id, reach
from app.state.database import Write
from app.state.logs import PartRow, add_parts, list_parts
from app.state.models import find_model
from app.state.outbox import NUMBERS, TIMES, outbox_table

MOST_ROWS = 50_000  # of one part
IDLE_S = 0.5
_log = logging.getLogger("telltale.outbox")


@dataclass(frozen=True, slots=True)
class _Batch:
    """Waiting rows of one log."""

    model: str
    kind: Kind
    is_number: bool
    rows: list[dict[str, Any]]
    first_row: int


def flush(place: Place) -> int:
    """Move every waiting row into its log; the number of rows moved.

    Several may flush at once. What lies in one log's outbox moves in one transaction of at most
    MOST_ROWS rows.
    """
    total, failed = 0, None
    for model, kind in _waiting(place):
        try:
            total += _flush_log(place, model, kind)
        except Exception as error:  # one log that cannot be written keeps no other waiting
            failed = error
    drop_retired(place)
    if failed is not None:
        raise failed
    return total


class Flusher(threading.Thread):
    """Flushes until ended, whatever else the worker does."""

    def __init__(self, place: Place) -> None:
        super().__init__(daemon=True, name="outbox")
        self._place = place
        self._ended = threading.Event()

    def run(self) -> None:
        """Until ended; what goes wrong is said, and tried again."""
        while not self._ended.wait(IDLE_S):
            try:
                flush(self._place)
            except Exception:
                _log.exception("the outbox was not emptied")
                self._ended.wait(10 * IDLE_S)

    def end(self) -> None:
        """Flush no more."""
        self._ended.set()
        self.join()


def _waiting(place: Place) -> list[tuple[str, Kind]]:
    key = (outbox_table.c.model, outbox_table.c.kind)
    with place.database.read() as connection:
        found = connection.execute(sa.select(*key).distinct().order_by(*key)).all()
    return [(row.model, row.kind) for row in found]


def _flush_log(place: Place, model: str, kind: Kind) -> int:
    total = moved = _flush_one(place, model, kind)
    while moved == MOST_ROWS:
        moved = _flush_one(place, model, kind)
        total += moved
    merge(place, model, kind)
    return total


def _flush_one(place: Place, model: str, kind: Kind) -> int:
    """Write the files first, then keep them: nobody else waits while a file is written."""
    with alone(place, model, kind), _folder(place) as folder:
        with place.database.read() as connection:
            batch, last = _read_batch(connection, model, kind)
        if not batch.rows:
            return 0
        parts = _write_parts(place, folder, batch)
        try:
            with place.database.write("outbox") as write:
                _keep(write, batch, last, parts)
                reach("outbox-commit")
        except LogMoved:  # any other fault may come after the commit: ``sweep`` will know
            unlink(place, parts)
            raise
    reach("outbox-committed")
    return len(batch.rows)


def _read_batch(connection: Connection, model: str, kind: Kind) -> tuple[_Batch, int]:
    """The rows that wait, the oldest first, and the number of the last of them."""
    mine = (outbox_table.c.model == model) & (outbox_table.c.kind == kind)
    oldest = sa.select(outbox_table).where(mine).order_by(outbox_table.c.id).limit(MOST_ROWS)
    found = connection.execute(oldest).all()
    rows = [{"received_at": row.put_at.isoformat(), **json.loads(row.row)} for row in found]
    is_number, first = _place_of(connection, model, kind)
    return _Batch(model, kind, is_number, rows, first), found[-1].id if found else 0


def _place_of(connection: Connection, model: str, kind: Kind) -> tuple[bool, int]:
    """Whether labels are numbers, and the row number that the log's next row gets."""
    found = find_model(connection, model)
    known = [p for p in list_parts(connection, model) if p.kind == kind]
    first = max((p.last_row + 1 for p in known if p.log == "production"), default=0)
    return found is not None and found.schema.task == "regression", first


def _keep(write: Write, batch: _Batch, last: int, parts: Sequence[PartRow]) -> None:
    """Count the parts and remove their rows, or neither: the log may have moved on meanwhile."""
    model, kind = batch.model, batch.kind
    mine = (outbox_table.c.model == model) & (outbox_table.c.kind == kind)
    n = write.execute(outbox_table.delete().where(mine, outbox_table.c.id <= last)).rowcount
    here = _place_of(write.connection, model, kind)
    if n != len(batch.rows) or here != (batch.is_number, batch.first_row):
        raise LogMoved(
            f"The log {kind} of {model} changed while rows were written for it.", "", "Try again."
        )
    add_parts(write, import_id(write, model, kind, n), model, parts)
    write.audit("accept", "model", model, kind=kind, n=n)


def _write_parts(place: Place, folder: Path, batch: _Batch) -> list[PartRow]:
    """One part for each month, written, synced and moved to where the manifest will name it."""
    moment = "known_at" if batch.kind == "labels" else "timestamp"
    months: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for i, row in enumerate(batch.rows):
        text = row.get(moment)
        months.setdefault(text[:7] if text else "none", []).append((batch.first_row + i, row))
    parts = []
    for month, rows in sorted(months.items()):
        table = _table(batch, rows)
        types = {name: "numeric" for name in table.column_names if name in NUMBERS}
        types |= {n: "text" for n in table.column_names if n not in {*NUMBERS, *TIMES, "row"}}
        if batch.kind == "labels":
            types = {"label_stored": "number" if batch.is_number else "text"}
            if any(row.get("label") is None for _n, row in rows):
                types["label_retracts"] = "yes"
            if any(row.get("queue") is not None for _n, row in rows):
                types["label_asked"] = "yes"
        parts.append(_write_part(place, folder, (batch.model, batch.kind, month), table, types))
    return parts


def _table(batch: _Batch, rows: Sequence[tuple[int, dict[str, Any]]]) -> Any:
    """The rows as an Arrow table: columns of a fixed type, without those that hold nothing."""
    import pyarrow as pa

    names = list(dict.fromkeys(name for _n, row in rows for name in row))
    if batch.kind == "labels":
        names = [*LABEL_COLUMNS, *(n for n in names if n not in LABEL_COLUMNS)]
    else:
        names = [n for n in names if any(row.get(n) is not None for _n, row in rows)]
    arrays = {}
    for name in names:
        values = [row.get(name) for _n, row in rows]
        if name in TIMES:
            moments = [None if v is None else datetime.fromisoformat(v) for v in values]
            arrays[name] = pa.array(moments, pa.timestamp("us"))
        elif name in NUMBERS or (name == "label" and batch.is_number):
            arrays[name] = pa.array(values, pa.float64())
        else:
            arrays[name] = pa.array(values, pa.string())
    arrays["row"] = pa.array([n for n, _row in rows], pa.int64())
    return pa.table(arrays)


def _write_part(
    place: Place, folder: Path, key: tuple[str, Kind, str], table: Any, types: dict[str, str]
) -> PartRow:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    model, kind, month = key
    name = f"{folder.name}.parquet"
    written = folder / f"{month}.parquet"
    order = [(name, "ascending") for name in order_of(table.column_names)]
    pq.write_table(table.sort_by(order), written, compression="zstd", row_group_size=GROUP_ROWS)
    sync(written)
    reach("outbox-written")
    relative = Path("logs") / model / "production" / kind / f"date={month}" / name
    target = place.home / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hash_file(written), written.stat().st_size
    written.replace(target)
    sync(target.parent)
    reach("outbox-placed")
    moment = "known_at" if kind == "labels" else "timestamp"
    span = pc.min_max(table[moment]).as_py() if moment in table.column_names else {}
    rows = pc.min_max(table["row"]).as_py()
    return PartRow(
        "production",
        kind,
        str(relative),
        month,
        table.num_rows,
        size,
        digest,
        span.get("min"),
        span.get("max"),
        rows["min"],
        rows["max"],
        tuple(table.column_names),
        types,
    )


@contextmanager
def _folder(place: Place) -> Iterator[Path]:
    """A folder whose lock tells ``sweep`` that what carries its name is being written now."""
    folder = place.home / "tmp" / new_import_id()
    with hold(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
