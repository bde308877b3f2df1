"""Notes on charts: a moment (or a span) of a model's time with a few words, by whom and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import AccessDenied, NameUnknown, UsageError
from app.state.database import Database, Write
from app.state.views import metadata

MOST = 60  # characters: a word on a chart, not an essay
note_table = sa.Table(
    "chart_note",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("model", sa.String(63), nullable=False, index=True),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("text", sa.String(MOST), nullable=False),
    sa.Column("author", sa.String(120), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Note:
    """One row."""

    id: int
    model: str
    at: datetime
    text: str
    author: str
    created_at: datetime


def add_note(write: Write, model: str, at: datetime, text: str) -> int:
    """Write a note at a moment (naive UTC); its id."""
    text = " ".join(text.split())
    if not text or len(text) > MOST:
        raise UsageError(
            f"A note has 1 to {MOST} characters.", "It stands on charts.", "Say it in a few words."
        )
    now = write.database.clock()
    values = {"model": model, "at": at, "text": text, "author": write.actor, "created_at": now}
    number = write.execute(note_table.insert().values(**values)).inserted_primary_key[0]
    write.audit("add", "note", str(number), model=model, at=at.isoformat(), text=text)
    return int(number)


def list_notes(database: Database, model: str) -> list[Note]:
    """The notes of a model in the order of their moments."""
    statement = sa.select(note_table).where(note_table.c.model == model)
    statement = statement.order_by(note_table.c.at, note_table.c.id)

    def read(connection: Connection) -> tuple[Note, ...]:
        return tuple(_note(row) for row in connection.execute(statement))

    return list(database.held(("notes", model), read))


def delete_note(write: Write, number: int, *, is_admin: bool = False) -> None:
    """Take a note away: its author or an admin; NameUnknown where it is gone already."""
    row = write.execute(sa.select(note_table).where(note_table.c.id == number)).first()
    if row is None:
        raise NameUnknown("This note is not there any more.", "", "Load the page again.")
    if row.author != write.actor and not is_admin:
        raise AccessDenied(
            f"The note {row.text!r} is by {row.author}.",
            "Only its author or an admin takes it away.",
            "Add one of your own.",
        )
    write.execute(note_table.delete().where(note_table.c.id == number))
    write.audit("delete", "note", str(number), text=row.text, author=row.author)


def _note(row: Any) -> Note:
    return Note(**{name: getattr(row, name) for name in Note.__slots__})
