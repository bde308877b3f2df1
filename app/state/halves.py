"""Requests and responses that wait for each other, as a logger of bodies sends them.

One that was joined stays for a while without its body: sent again, it is known. Like the log it
goes into, this is what arrived and nothing that somebody did: the import writes the audit row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.state.database import Write

AT_ONCE = 500
metadata = sa.MetaData()
half_table = sa.Table(
    "half",
    metadata,
    sa.Column("model", sa.String(63), primary_key=True),
    sa.Column("pair", sa.String(64), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("received_at", sa.DateTime, nullable=False, index=True),
    sa.Column("is_done", sa.Boolean, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A half that came alone: of which model, its pair's name, and what it says."""

    model: str
    pair: str
    text: str
    received_at: datetime


def find_halves(connection: Connection, model: str, pairs: Iterable[str]) -> dict[str, str]:
    """What is known of some pairs: the half that waits, empty text where they were joined."""
    table, names, found = half_table.c, list(dict.fromkeys(pairs)), {}
    for i in range(0, len(names), AT_ONCE):
        which = (table.model == model) & table.pair.in_(names[i : i + AT_ONCE])
        for pair, text, is_done in connection.execute(
            sa.select(table.pair, table.text, table.is_done).where(which)
        ):
            found[pair] = "" if is_done else text
    return found


def keep_halves(write: Write, model: str, texts: Mapping[str, str]) -> None:
    """Keep what waits now; empty text says that the pair is done."""
    now = write.database.clock()
    known = find_halves(write.connection, model, texts)
    table, rows = half_table, []
    for pair, text in texts.items():
        values: dict[str, Any] = {"text": text, "is_done": not text}
        if pair in known:
            which = (table.c.model == model) & (table.c.pair == pair)
            write.execute(table.update().where(which).values(**values))
        else:
            rows.append({"model": model, "pair": pair, "received_at": now, **values})
    if rows:
        write.execute(table.insert(), rows)


def list_orphans(connection: Connection, before: datetime, most: int = 1000) -> list[Waiting]:
    """Halves that have waited since before a moment, the oldest first."""
    table = half_table.c
    which = (table.received_at < before) & table.is_done.is_(False)
    statement = sa.select(table.model, table.pair, table.text, table.received_at).where(which)
    rows = connection.execute(statement.order_by(table.received_at).limit(most))
    return [Waiting(*row) for row in rows]


def forget_halves(write: Write, before: datetime) -> None:
    """Forget pairs that were done before a moment."""
    table = half_table.c
    write.execute(half_table.delete().where(table.received_at < before, table.is_done.is_(True)))
