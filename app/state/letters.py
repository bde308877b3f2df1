"""What became of rows that were set aside: sent again, or discarded, by whom and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.state.database import Write

Outcome = Literal["sent", "discarded"]

metadata = sa.MetaData()
letter_table = sa.Table(
    "dead_letter",
    metadata,
    sa.Column("import_id", sa.String(80), primary_key=True),
    sa.Column("ord", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("model", sa.String(63), nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("outcome", sa.String(10), nullable=False),
    sa.Column("done_by", sa.String(120), nullable=False),
    sa.Column("done_at", sa.DateTime, nullable=False),
)


def end_letters(
    write: Write, model: str, reason: str, found: Iterable[tuple[str, int]], outcome: Outcome
) -> int:
    """Note what became of rows (import and ordinal), once each; how many are new to it."""
    now = write.database.clock()
    more = {"model": model, "reason": reason, "outcome": outcome}
    more |= {"done_by": write.actor, "done_at": now}  # type: ignore[dict-item]
    wanted = list(dict.fromkeys(found))
    done = ended(write.connection, {import_id for import_id, _ord in wanted})
    rows = [{"import_id": i, "ord": n, **more} for i, n in wanted if (i, n) not in done]
    if rows:
        write.execute(letter_table.insert(), rows)
        write.audit("letters", "model", model, outcome=outcome, reason=reason, n=len(rows))
    return len(rows)


def ended(connection: Connection, imports: Iterable[str]) -> set[tuple[str, int]]:
    """The rows of some imports that somebody dealt with."""
    table = letter_table.c
    statement = sa.select(table.import_id, table.ord).where(table.import_id.in_(list(imports)))
    return {(row[0], int(row[1])) for row in connection.execute(statement)}


def count_ended(connection: Connection) -> Counter[tuple[str, str, str]]:
    """How many were dealt with, by import, reason and outcome."""
    table = letter_table.c
    keys = (table.import_id, table.reason, table.outcome)
    statement = sa.select(*keys, sa.func.count()).group_by(*keys)
    return Counter({(r[0], r[1], r[2]): int(r[3]) for r in connection.execute(statement)})
