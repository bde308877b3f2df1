"""The outbox: rows that people or programs gave, kept with the write that took them.

Whoever accepts a label, a piece of feedback or an event puts its row here in the same transaction;
``app.ingest.outbox`` moves it into the model's log. So nothing accepted is ever lost, and nothing
stands in the log twice.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.core import Kind
from analytics.errors import NameUnknown, UsageError
from analytics.sources.relation import canonical_text
from app.state.database import Database, Write
from app.state.models import find_model

# Columns that are no text, whatever the kind of log; nested values are kept as JSON.
NUMBERS = frozenset({"sampling_p", "score", "confidence", "latency_ms"})
TIMES = frozenset({"timestamp", "known_at", "received_at", "created_at", "modified_at"})
OWN = ("row", "date")  # given by the log itself

metadata = sa.MetaData()
outbox_table = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("model", sa.String(63), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("row", sa.Text, nullable=False),
    sa.Column("put_at", sa.DateTime, nullable=False),
    sqlite_autoincrement=True,  # a number is never given again, or a flush could take new rows for old
)
# Files that were merged into a larger one: whoever still reads them has a moment to end.
retired_table = sa.Table(
    "retired_part",
    metadata,
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("retired_at", sa.DateTime, nullable=False),
)


def put(write: Write, model: str, kind: Kind, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put rows for a log of the model, in the caller's transaction.

    Texts, numbers (of the columns in NUMBERS), times (TIMES: datetime or ISO text, naive is UTC)
    and nested values, which are kept as JSON text. A label's class becomes its canonical text; a
    label None takes back what its source said before. NameUnknown where there is no such model,
    UsageError where a value cannot be kept.
    """
    if not rows:
        return
    found = find_model(write.connection, model)
    if found is None:
        raise NameUnknown(f"There is no model {model!r}.", "", "List them with `telltale models`.")
    is_number = found.schema.task == "regression"
    now = write.database.clock()
    kept = [
        {"model": model, "kind": kind, "row": _text(row, is_number), "put_at": now} for row in rows
    ]
    write.execute(outbox_table.insert(), kept)


def count_waiting(database: Database, model: str | None = None) -> int:
    """Rows that no log has yet."""
    statement = sa.select(sa.func.count()).select_from(outbox_table)
    if model is not None:
        statement = statement.where(outbox_table.c.model == model)
    with database.read() as connection:
        return int(connection.execute(statement).scalar_one())


def list_retired(connection: Connection, before: datetime | None = None) -> list[str]:
    """Files of merged parts that wait to be removed; those retired before a moment, if given."""
    statement = sa.select(retired_table.c.path)
    if before is not None:
        statement = statement.where(retired_table.c.retired_at < before)
    return list(connection.execute(statement).scalars())


def _text(row: Mapping[str, Any], is_number: bool) -> str:
    if row.get("prediction_id") is not None:
        row = {**row, "prediction_id": str(row["prediction_id"])}
    return json.dumps(
        {name: _plain(name, row[name], is_number) for name in row if name not in OWN},
        ensure_ascii=False,
    )


def _plain(name: str, value: Any, is_label_number: bool) -> Any:
    """A value as JSON keeps it: number, ISO time in UTC, or text."""
    if value is None:
        return None
    if name in NUMBERS or (name == "label" and is_label_number):
        return _number(name, value)
    if name == "label":
        return canonical_text(value)
    if name in TIMES:
        return _time(name, value)
    if isinstance(value, datetime):
        return _time(name, value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{name} is {value!r}.", "It must be a number.", "Give a finite number.")
    return number


def _time(name: str, value: Any) -> str:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise UsageError(
            f"{name} is {value!r}.", "It must be a date or time.", "Write 2026-03-01T12:00:00Z."
        ) from error
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat()
