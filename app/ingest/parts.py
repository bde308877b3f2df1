"""From staged rows to immutable parts: duplicates found, rows ordered, files written and synced."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from analytics.core import Kind, LogName
from analytics.errors import QueryError
from analytics.sources.relation import quote_name, quote_text
from app.ingest.words import ImportPlan
from app.ingest.workspace import Workspace, reach
from app.state.database import utc_now
from app.state.logs import PartRow

ROWS_A_DAY = 20_000  # from this many rows a day on, a part is a day, else a month
LABEL_COLUMNS = ("prediction_id", "label", "known_at", "source", "queue", "sampling_p")
MADE = "known_at_made"  # stands in rows whose sender gave no time
CHUNK = 100_000  # rows of a file that stand near each other
NEAR = 4  # a date in more pieces than so many for each chunk and date is sorted first
GROUP_ROWS = 122_880  # whose smallest and largest values a reader sees before it reads them
FORM = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {GROUP_ROWS}"
CHANGING = ("row", "ord", "file", "reason", "raw", "received_at", "date")


def write_parts(
    workspace: Workspace, table: str, log: tuple[LogName, Kind], first_row: int, plan: ImportPlan
) -> list[PartRow]:
    """Write the rows of ``table`` as parts in the workspace's folder, synced, not yet in place."""
    name, kind = log
    columns = [c for c in columns_of(workspace, table) if c not in ("ord", "file", "reason", "raw")]
    if kind == "predictions":
        columns = [c for c in columns if c not in LABEL_COLUMNS[1:] or c in _features(plan)]
    moment = (
        "timestamp" if "timestamp" in columns else "known_at" if "known_at" in columns else None
    )
    if "received_at" not in columns:
        columns.append("received_at")
    is_new = not _has(workspace, table, "received_at")
    now = f"TIMESTAMP {quote_text(utc_now().replace(tzinfo=None).isoformat())} AS received_at"
    picks = ", ".join(now if c == "received_at" and is_new else quote_name(c) for c in columns)
    source, number = _numbered(workspace, table, first_row)
    rows = f"(SELECT {picks}, {number} AS row, ord FROM {source})"
    dates, is_near = _dates(workspace, rows, moment)
    if not is_near:
        workspace.run(f"CREATE TABLE {table}_ordered AS FROM {rows} ORDER BY {moment}, row")
        rows = f"{table}_ordered"
    types = {c.stored: c.recorded_type for c in plan.columns if c.stored in columns}
    if kind == "labels":
        types["label_stored"] = "number" if plan.task == "regression" else "text"
    parts = []
    for i, date in enumerate(dates):
        workspace.portion(i / len(dates), (i + 1) / len(dates))
        parts.append(_write(workspace, rows, (name, kind), date, (*columns, "row"), types))
    return parts


@dataclass(frozen=True, slots=True)
class _Date:
    """The rows of one part: those of a day or a month, or those without a time."""

    name: str
    where: str
    n: int
    first: int
    last: int
    start: datetime | None
    end: datetime | None


def _numbered(workspace: Workspace, table: str, first_row: int) -> tuple[str, str]:
    """The rows of ``table`` as a relation, and the SQL of their numbers in the order of the file."""
    n, low, high = workspace.run(f"SELECT count(*), min(ord), max(ord) FROM {table}")[0]
    if n == high - low + 1:
        return table, f"ord + {first_row - low}"
    workspace.run(
        f"CREATE TABLE {table}_numbers AS SELECT ord, row_number() OVER (ORDER BY ord)"
        f" + {first_row - 1} AS number FROM {table}"
    )
    return f"{table} JOIN {table}_numbers USING (ord)", "number"


def _dates(workspace: Workspace, rows: str, moment: str | None) -> tuple[list[_Date], bool]:
    """The parts to be, and whether the rows of each stand near each other in the file."""
    unit = _unit(workspace, rows, moment)
    date = f"date_trunc('{unit}', {moment})" if moment else "NULL"
    low, high = (f"min({moment})", f"max({moment})") if moment else ("NULL", "NULL")
    found = workspace.run(
        f"SELECT strftime({date}, '{'%Y-%m-%d' if unit == 'day' else '%Y-%m'}'),"
        f" CAST({low} AS VARCHAR), CAST({high} AS VARCHAR), count(DISTINCT ord // {CHUNK}),"
        f" max(ord) // {CHUNK}, count(*), min(row), max(row), {low}, {high}"
        f" FROM {rows} GROUP BY {date} ORDER BY min(row)"
    )
    dates = []
    for name, start, end, _pieces, _chunk, *rest in sorted(found, key=lambda f: f[0] or "none"):
        where = f"{moment} BETWEEN TIMESTAMP '{start}' AND TIMESTAMP '{end}'"
        if name is None:
            where = f"{moment} IS NULL" if moment else "true"
        dates.append(_Date(name or "none", where, *rest))
    pieces, chunks = sum(f[3] for f in found), 1 + max(f[4] for f in found)
    return dates, moment is None or pieces <= NEAR * (len(found) + chunks)


def _write(
    workspace: Workspace,
    rows: str,
    log: tuple[LogName, Kind],
    date: _Date,
    columns: tuple[str, ...],
    types: dict[str, str],
) -> PartRow:
    folder = workspace.folder / "parts" / log[0] / log[1] / f"date={date.name}"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{workspace.id}.parquet"
    order = ", ".join(map(quote_name, order_of(columns)))
    n = workspace.value(
        f"COPY (SELECT * EXCLUDE (ord) FROM {rows} WHERE {date.where} ORDER BY {order})"
        f" TO {quote_text(str(file))} ({FORM})"
    )
    if n != date.n:
        raise QueryError(
            f"{n} rows of {date.n} came into the part of {date.name}.",
            "Its times are of a kind that cannot be told apart.",
            "See what is read with --dry-run, and set roles with --map; nothing was kept.",
        )
    sync(file)
    relative = Path("logs") / "{model}" / log[0] / log[1] / f"date={date.name}" / file.name
    reach(f"written-{log[1]}")
    return PartRow(
        *log,
        str(relative),
        date.name,
        date.n,
        file.stat().st_size,
        hash_file(file),
        date.start,
        date.end,
        date.first,
        date.last,
        columns,
        types,
    )


def place_parts(workspace: Workspace, model: str, parts: list[PartRow]) -> list[PartRow]:
    """Move the written files to where the manifest will name them."""
    placed = []
    for part in parts:
        relative = part.path.replace("{model}", model)
        target = workspace.place.home / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        written = (
            workspace.folder / "parts" / part.log / part.kind / f"date={part.date}" / target.name
        )
        written.replace(target)
        sync(target.parent)
        values = {name: getattr(part, name) for name in PartRow.__slots__} | {"path": relative}
        placed.append(PartRow(**values))
        reach("moved")
    return placed


def _unit(workspace: Workspace, rows: str, moment: str | None) -> str:
    if moment is None:
        return "month"
    n, days = workspace.run(
        f"SELECT count(*), coalesce(date_diff('day', min({moment}), max({moment})), 0) + 1 FROM {rows}"
    )[0]
    return "day" if n / max(days, 1) >= ROWS_A_DAY else "month"


def order_of(columns: Iterable[str]) -> list[str]:
    """How rows stand in a part: by version, then by time, then as they came.

    A question about a version or a stretch of time then leaves out most groups of rows by their
    smallest and largest values; ``row`` tells in which order they came.
    """
    there = set(columns)
    moment = "timestamp" if "timestamp" in there else "known_at"
    return [name for name in ("model_version", moment, "row") if name in there]


def columns_of(workspace: Workspace, table: str) -> list[str]:
    return [row[0] for row in workspace.run(f"SELECT column_name FROM (DESCRIBE {table})")]


def _has(workspace: Workspace, table: str, column: str) -> bool:
    return column in columns_of(workspace, table)


def _features(plan: ImportPlan) -> set[str]:
    return {c.stored for c in plan.columns if c.role in ("feature", "segment")}


def sync(path: Path) -> None:
    """Make sure that a file or a folder's names are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def hash_file(file: Path) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def first_rows(parts: Iterator[Any]) -> int:
    """The row number after the last row of a log."""
    return max((int(p.last_row) + 1 for p in parts), default=0)


def span_of(parts: list[PartRow]) -> tuple[datetime | None, datetime | None]:
    """First and last moment of some parts."""
    starts = [p.start for p in parts if p.start]
    ends = [p.end for p in parts if p.end]
    return min(starts, default=None), max(ends, default=None)
