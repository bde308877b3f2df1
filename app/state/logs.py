"""The manifest: which parts count, which imports brought them, and the Dataset they make."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.core import PEOPLE, Dataset, Kind, Log, LogName, Part
from analytics.sources.schema import schema_to_json
from app.state.attached import refresh
from app.state.database import Database, Write
from app.state.models import get_model, import_table, model_table, part_table

REPLAY_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part as the manifest keeps it.

    ``path`` is relative to the home for parts that Telltale wrote, absolute for attached ones;
    ``column_types`` are the types that the columns had in the file they came from: features by the
    type their values had there, the rest by the file's own.
    """

    log: LogName
    kind: Kind
    path: str
    date: str
    n_rows: int
    n_bytes: int
    fingerprint: str
    start: datetime | None
    end: datetime | None
    first_row: int
    last_row: int
    columns: tuple[str, ...]
    column_types: dict[str, str] = field(default_factory=dict)
    mapping: tuple[tuple[str, str, str], ...] | None = None
    import_id: str = ""


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One finished import; ``aside`` counts the rows set aside by reason."""

    id: str
    model: str
    log: LogName
    kind: Kind
    actor: str
    started_at: datetime
    finished_at: datetime
    files: tuple[str, ...]
    n_taken: int
    aside: dict[str, int] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    is_attached: bool = False


def add_import(write: Write, row: ImportRow, parts: Sequence[PartRow]) -> None:
    """Commit an import and its parts to the manifest, with its audit row, in one transaction."""
    values: dict[str, Any] = {name: getattr(row, name) for name in row.__slots__}
    values["files"] = json.dumps(row.files)
    values["n_aside"] = sum(row.aside.values())
    values["aside"], values["report"] = json.dumps(row.aside), json.dumps(row.report)
    write.execute(import_table.insert().values(**values))
    add_parts(write, row.id, row.model, parts)
    write.audit(
        "import",
        "model",
        row.model,
        import_id=row.id,
        log=row.log,
        kind=row.kind,
        n_taken=row.n_taken,
        n_aside=values["n_aside"],
    )


def add_parts(write: Write, import_id: str, model: str, parts: Sequence[PartRow]) -> None:
    """Put parts of an import into the manifest; whoever does so says why in the audit trail."""
    for part in parts:
        fields: dict[str, Any] = {name: getattr(part, name) for name in part.__slots__}
        for name in ("columns", "column_types", "mapping"):
            fields[name] = None if fields[name] is None else json.dumps(fields[name])
        fields["import_id"] = import_id
        write.execute(part_table.insert().values(model=model, **fields))


def remove_parts(write: Write, paths: Sequence[str]) -> None:
    """Take parts out of the manifest; their files stay."""
    write.execute(part_table.delete().where(part_table.c.path.in_(paths)))


def list_imports(database: Database, model: str | None = None) -> list[ImportRow]:
    """Imports, the latest first."""
    statement = sa.select(import_table).order_by(import_table.c.finished_at.desc())
    if model is not None:
        statement = statement.where(import_table.c.model == model)

    def read(connection: Connection) -> tuple[ImportRow, ...]:
        return tuple(_import(row) for row in connection.execute(statement))

    return list(database.held(("imports", model), read))


def last_imports(database: Database) -> dict[str, str]:
    """Of every model the import that ended last."""
    found = import_table.c
    rank = sa.func.row_number().over(
        partition_by=found.model, order_by=(found.finished_at.desc(), found.id.desc())
    )
    ranked = sa.select(found.model, found.id, rank.label("rank")).subquery()
    latest = sa.select(ranked.c.model, ranked.c.id).where(ranked.c.rank == 1)
    with database.read() as connection:
        return {str(model): str(number) for model, number in connection.execute(latest)}


def list_predicting(database: Database) -> set[str]:
    """The models whose production log holds predictions."""
    part = part_table.c
    mine = sa.select(part.model).distinct().where(part.kind == "predictions")
    mine = mine.where(part.log == "production", part.n_rows > 0)
    with database.read() as connection:
        return set(connection.execute(mine).scalars())


def list_parts(connection: Connection, model: str | None = None) -> list[PartRow]:
    """The parts of a model (or of all) in the order in which they were written."""
    statement = sa.select(part_table).order_by(part_table.c.id)
    if model is not None:
        statement = statement.where(part_table.c.model == model)
    return [_part(row) for row in connection.execute(statement)]


def log_states(database: Database) -> dict[str, Hashable]:
    """Of every model something that changes with its predictions, labels and their precedence."""
    statement = (
        sa.select(
            model_table.c.name,
            model_table.c.label_precedence,
            sa.func.count(part_table.c.id),
            sa.func.max(part_table.c.id),
        )
        .select_from(model_table.join(part_table, part_table.c.model == model_table.c.name))
        .where(part_table.c.kind.in_(("predictions", "labels")))
        .group_by(model_table.c.name, model_table.c.label_precedence)
        .order_by(model_table.c.name)
    )
    with database.read() as connection:
        return {name: tuple(state) for name, *state in connection.execute(statement)}


def attached_folders(database: Database) -> tuple[str, ...]:
    """Folders that hold attached files: the engine may read these besides the home."""
    statement = sa.select(part_table.c.path).where(part_table.c.mapping.is_not(None)).distinct()
    with database.read() as connection:
        paths = connection.execute(statement).scalars().all()
    return tuple(sorted({str(Path(path).parent) for path in paths if Path(path).is_absolute()}))


def home_of(database: Database) -> Path:
    """The home folder: beside the SQLite file that holds logs, else as it was opened with."""
    if database.is_sqlite:
        file = sa.make_url(database.url).database
        if file and file != ":memory:":
            return Path(file).resolve().parent
    if database.home is not None:
        return database.home
    from app.settings import read_settings

    return read_settings().home


def load_dataset(database: Database, model: str, home: Path | None = None) -> Dataset:
    """Everything analytics may know of a model, as the manifest stands now.

    Attached files that changed are measured again; those that are gone leave a note.
    """
    found = get_model(database, model)
    with database.read() as connection:
        rows = list_parts(connection, model)
        is_replayed = _was_replayed(connection, model)
    place = home_of(database) if home is None else home
    is_number = found.schema.task == "regression"
    logs: dict[tuple[LogName, Kind], Log] = {}
    notes = list(found.notes)
    for key in dict.fromkeys((row.log, row.kind) for row in rows):
        chosen = [row for row in rows if (row.log, row.kind) == key]
        parts = [part for row in chosen if (part := _to_part(row, place, is_number, notes))]
        columns = tuple(dict.fromkeys(name for row in chosen for name in row.columns))
        is_own = all(row.mapping is None for row in chosen)
        is_unique = key[1] == "predictions" and is_own
        logs[key] = Log(key[1], tuple(parts), (*columns, "date"), is_unique)
    return Dataset(
        model=model,
        schema=found.schema,
        logs=logs,
        fingerprint=_fingerprint(found.schema, found.label_precedence, logs),
        label_precedence=found.label_precedence,
        is_sample=found.is_sample,
        is_replayed=is_replayed,
        notes=tuple(notes),
    )


def _was_replayed(connection: Connection, model: str) -> bool:
    """Whether every import of predictions came more than a week after its last event."""
    both = part_table.join(import_table, part_table.c.import_id == import_table.c.id)
    statement = (
        sa.select(import_table.c.finished_at, sa.func.max(part_table.c.end))
        .select_from(both)
        .where(part_table.c.model == model, part_table.c.log == "production")
        .where(part_table.c.kind == "predictions", part_table.c.end.is_not(None))
        .group_by(import_table.c.id, import_table.c.finished_at)
    )
    rows = connection.execute(statement).all()
    return bool(rows) and all(done - last > REPLAY_AFTER for done, last in rows)


def _to_part(row: PartRow, home: Path, is_number: bool, notes: list[str]) -> Part | None:
    mapping = row.mapping
    path = row.path if Path(row.path).is_absolute() else str(home / row.path)
    is_text = row.column_types.get("label_stored") == "text"
    if row.kind == "labels" and mapping is None and is_number and is_text:
        mapping = _label_as_number(row.columns, row.date)
    part = Part(
        path,
        row.n_rows,
        row.fingerprint,
        row.start,
        row.end,
        row.n_bytes,
        mapping=mapping,
        file_types=tuple(sorted(row.column_types.items())),
    )
    if row.mapping is None:
        return part
    return refresh(part, notes)


def _label_as_number(columns: tuple[str, ...], date: str) -> tuple[tuple[str, str, str], ...]:
    """Labels that came before the task was known were kept as text."""
    kept = tuple((n, n, "double" if n == "label" else "keep") for n in columns)
    return (*kept, ("date", "", f"constant:{date}"))


def _fingerprint(schema: Any, precedence: Sequence[str], logs: dict[Any, Log]) -> str:
    body = {
        "schema": schema_to_json(schema),
        "precedence": list(precedence),
        "parts": [
            [*key, part.path.rsplit("/", 1)[-1], part.fingerprint]
            for key, log in sorted(logs.items())
            if key[1] not in PEOPLE  # these grow all the time, and few numbers read them
            for part in log.parts
        ],
    }
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _part(row: Any) -> PartRow:
    values = {name: getattr(row, name) for name in PartRow.__slots__}
    values["columns"] = tuple(json.loads(row.columns))
    values["column_types"] = json.loads(row.column_types)
    if row.mapping is not None:
        values["mapping"] = tuple(tuple(entry) for entry in json.loads(row.mapping))
    return PartRow(**values)


def _import(row: Any) -> ImportRow:
    values = {name: getattr(row, name) for name in ImportRow.__slots__}
    values["files"] = tuple(json.loads(row.files))
    values["aside"], values["report"] = json.loads(row.aside), json.loads(row.report)
    values["is_attached"] = bool(row.is_attached)
    return ImportRow(**values)
