"""From staged rows to immutable parts: duplicates found, rows ordered, files written and synced."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from analytics.core import Kind, Log, LogName
from analytics.sources.relation import quote_name, quote_text, relation
from app.ingest.words import ImportPlan
from app.ingest.workspace import Workspace, reach
from app.state.logs import PartRow

ROWS_A_DAY = 20_000  # from this many rows a day on, a part is a day, else a month
LABEL_COLUMNS = ("prediction_id", "label", "known_at", "source", "queue", "sampling_p")
MADE = "known_at_made"  # stands in rows whose sender gave no time
CHANGING = ("row", "ord", "file", "reason", "raw", "received_at", "date")


def pick_predictions(workspace: Workspace, existing: Log) -> tuple[int, int]:
    """Keep each id once in ``fresh``; (exact duplicates skipped, rows set aside).

    Same id and same body is a duplicate; same id and another body is set aside.
    """
    columns = _columns(workspace, "staged")
    body = [c for c in columns if c not in (*CHANGING, *LABEL_COLUMNS[1:])]
    digest = _digest(body)
    workspace.run(
        f"CREATE TABLE ranked AS SELECT ord, prediction_id, {digest} AS body,"
        " row_number() OVER (PARTITION BY prediction_id ORDER BY ord) AS place"
        " FROM staged WHERE reason IS NULL"
    )
    workspace.run(
        "CREATE TABLE again AS SELECT r.ord, r.body = f.body AS is_same FROM ranked r"
        " JOIN ranked f ON f.prediction_id = r.prediction_id AND f.place = 1 WHERE r.place > 1"
    )
    if existing.parts:
        common = [c for c in body if c in existing.columns]
        workspace.run(
            f"INSERT INTO again SELECT s.ord, {_digest(common, 's')} = {_digest(common, 'e')} FROM staged s"
            f" JOIN {relation(existing)} e ON e.prediction_id = s.prediction_id"
            " WHERE s.reason IS NULL AND s.ord NOT IN (SELECT ord FROM again)"
        )
    n_same = workspace.value("SELECT count(*) FROM again WHERE is_same")
    n_other = workspace.value("SELECT count(*) FROM again WHERE NOT is_same")
    if n_other:
        workspace.run(
            "INSERT INTO broken SELECT file, ord, 'the prediction_id is taken by another row',"
            " CAST(to_json(staged) AS VARCHAR) FROM staged"
            " WHERE ord IN (SELECT ord FROM again WHERE NOT is_same)"
        )
    workspace.run(
        "CREATE VIEW fresh AS SELECT * FROM staged WHERE reason IS NULL"
        " AND ord NOT IN (SELECT ord FROM again)"
    )
    workspace.run("DROP TABLE ranked")
    return int(n_same), int(n_other)


def pick_labels(workspace: Workspace, existing: Log, source: str = "outcome") -> tuple[int, int]:
    """Labels as rows of their own in ``labels``; (labels kept, exact duplicates skipped).

    One whose time was made when it came is a duplicate of the same label at any time.
    """
    present = _columns(workspace, "staged")
    pieces = ["prediction_id", "label"]
    pieces.append("known_at" if "known_at" in present else "CAST(NULL AS TIMESTAMP) AS known_at")
    pieces.append(
        f"coalesce(source, {quote_text(source)}) AS source"
        if "source" in present
        else f"{quote_text(source)} AS source"
    )
    pieces.append("queue" if "queue" in present else "CAST(NULL AS VARCHAR) AS queue")
    pieces.append("sampling_p" if "sampling_p" in present else "CAST(NULL AS DOUBLE) AS sampling_p")
    made = f"{MADE} IS NOT NULL" if MADE in present else "false"
    found = (
        f"SELECT ord, {', '.join(pieces)}, {made} AS is_made FROM staged"
        " WHERE reason IS NULL AND label IS NOT NULL"
    )
    n_all = workspace.value(f"SELECT count(*) FROM ({found})")
    keys = "prediction_id, label, source, queue, sampling_p, is_made"
    known = ""
    if existing.parts:
        same = " AND ".join(
            f"e.{c} IS NOT DISTINCT FROM l.{c}" for c in ("prediction_id", "label", "source")
        )
        same += " AND (l.is_made OR e.known_at IS NOT DISTINCT FROM l.known_at)"
        known = f" WHERE NOT EXISTS (SELECT 1 FROM {relation(existing)} e WHERE {same})"
    workspace.run(
        f"CREATE TABLE labels AS SELECT * EXCLUDE (is_made) FROM (SELECT min(ord) AS ord,"
        f" min(known_at) AS known_at, {keys} FROM ({found})"
        f" GROUP BY {keys}, CASE WHEN NOT is_made THEN known_at END) l{known}"
    )
    n_kept = workspace.value("SELECT count(*) FROM labels")
    return int(n_kept), int(n_all - n_kept)


def write_parts(
    workspace: Workspace, table: str, log: tuple[LogName, Kind], first_row: int, plan: ImportPlan
) -> list[PartRow]:
    """Write the rows of ``table`` as parts in the workspace's folder, synced, not yet in place."""
    name, kind = log
    columns = [c for c in _columns(workspace, table) if c not in ("ord", "file", "reason", "raw")]
    if kind == "predictions":
        columns = [c for c in columns if c not in LABEL_COLUMNS[1:] or c in _features(plan)]
    moment = (
        "timestamp" if "timestamp" in columns else "known_at" if "known_at" in columns else None
    )
    if "received_at" not in columns:
        columns.append("received_at")
    unit = _unit(workspace, table, moment)
    date = f"coalesce(strftime({moment}, '{unit}'), 'none')" if moment else "'none'"
    order = f"{moment}, ord" if moment else "ord"
    picks = ", ".join(
        "localtimestamp AS received_at"
        if c == "received_at" and not _has(workspace, table, c)
        else quote_name(c)
        for c in columns
    )
    ordered = f"{table}_ordered"
    workspace.run(
        f"CREATE TABLE {ordered} AS SELECT {picks}, row_number() OVER (ORDER BY ord) - 1 + {first_row} AS row,"
        f" {date} AS part_date FROM {table} ORDER BY part_date, {order}"
    )
    dates = [r[0] for r in workspace.run(f"SELECT DISTINCT part_date FROM {ordered} ORDER BY 1")]
    types = {c.stored: c.recorded_type for c in plan.columns if c.stored in columns}
    if kind == "labels":
        types["label_stored"] = "number" if plan.task == "regression" else "text"
    return [
        _write(workspace, (ordered, name, kind, value), (moment, (*columns, "row")), types)
        for value in dates
    ]


def _write(
    workspace: Workspace,
    place: tuple[str, LogName, Kind, str],
    shape: tuple[str | None, tuple[str, ...]],
    types: dict[str, str],
) -> PartRow:
    workspace.check()
    table, log, kind, date = place
    moment, columns = shape
    folder = workspace.folder / "parts" / log / kind / f"date={date}"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{workspace.id}.parquet"
    where = f"part_date = {quote_text(date)}"
    workspace.run(
        f"COPY (SELECT * EXCLUDE (part_date) FROM {table} WHERE {where}) TO {quote_text(str(file))}"
        " (FORMAT parquet, COMPRESSION zstd)"
    )
    sync(file)
    span = f"min({moment}), max({moment})" if moment else "NULL, NULL"
    n, first, last, start, end = workspace.run(
        f"SELECT count(*), min(row), max(row), {span} FROM {table} WHERE {where}"
    )[0]
    relative = Path("logs") / "{model}" / log / kind / f"date={date}" / file.name
    reach(f"written-{kind}")
    return PartRow(
        log,
        kind,
        str(relative),
        date,
        n,
        file.stat().st_size,
        hash_file(file),
        start,
        end,
        first,
        last,
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


def _unit(workspace: Workspace, table: str, moment: str | None) -> str:
    if moment is None:
        return ""
    n, days = workspace.run(
        f"SELECT count(*), coalesce(date_diff('day', min({moment}), max({moment})), 0) + 1 FROM {table}"
    )[0]
    return "%Y-%m-%d" if n / max(days, 1) >= ROWS_A_DAY else "%Y-%m"


def _columns(workspace: Workspace, table: str) -> list[str]:
    return [row[0] for row in workspace.run(f"SELECT column_name FROM (DESCRIBE {table})")]


def _has(workspace: Workspace, table: str, column: str) -> bool:
    return column in _columns(workspace, table)


def _features(plan: ImportPlan) -> set[str]:
    return {c.stored for c in plan.columns if c.role in ("feature", "segment")}


def _digest(columns: list[str], alias: str | None = None) -> str:
    prefix = f"{alias}." if alias else ""
    return "hash(" + ", ".join(f"{prefix}{quote_name(c)}" for c in columns) + ")"


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
