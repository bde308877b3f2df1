"""The audit trail: who did what, when, to which object; a hash chain that triggers keep unchanged.

Each row's digest covers the row and the digest before it, so an edit or a deletion breaks the
chain from there on. Cutting off the newest rows leaves a valid chain: compare ``head()`` with a
copy kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.state.database import Database

metadata = sa.MetaData()
audit_table = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("action", sa.String(60), nullable=False),
    sa.Column("object_type", sa.String(60), nullable=False),
    sa.Column("object_id", sa.Text, nullable=False),
    sa.Column("change", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
)
FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the trail."""

    seq: int
    at: datetime
    actor: str
    action: str
    object_type: str
    object_id: str
    change: Mapping[str, Any]
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What checking the chain found; ``broken_at`` is the first row that does not fit."""

    n: int
    broken_at: int | None
    head: str
    reason: str = ""

    @property
    def is_intact(self) -> bool:
        """Whether every row fits the one before it."""
        return self.broken_at is None


def append(
    connection: Connection,
    at: datetime,
    actor: str,
    what: tuple[str, str, str],
    change: Mapping[str, Any],
) -> None:
    """Add a row in an open write transaction; ``what`` is (action, object type, object id)."""
    newest = sa.select(audit_table.c.seq, audit_table.c.digest)
    last = connection.execute(newest.order_by(audit_table.c.seq.desc()).limit(1)).first()
    seq, previous = (1, FIRST) if last is None else (last.seq + 1, last.digest)
    row = {
        "seq": seq,
        "at": at,
        "actor": actor,
        "action": what[0],
        "object_type": what[1],
        "object_id": what[2],
        "change": json.dumps(change, sort_keys=True, default=str),
        "previous": previous,
    }
    connection.execute(audit_table.insert().values(**row, digest=_digest(row)))


def list_entries(
    database: Database,
    limit: int = 200,
    *,
    before: int | None = None,
    actor: str | None = None,
    object_type: str | None = None,
) -> list[Entry]:
    """Rows of the trail, the newest first; ``before`` pages on from a sequence number."""
    table = audit_table.c
    statement = sa.select(audit_table).order_by(table.seq.desc()).limit(limit)
    if before is not None:
        statement = statement.where(table.seq < before)
    if actor is not None:
        statement = statement.where(table.actor == actor)
    if object_type is not None:
        statement = statement.where(table.object_type == object_type)
    with database.read() as connection:
        rows = connection.execute(statement).mappings().all()
    return [Entry(**{**row, "change": json.loads(row["change"])}) for row in rows]


def verify(database: Database, head: tuple[int, str] | None = None) -> Verification:
    """Walk the chain from the first row; ``head`` is a (seq, digest) that was kept elsewhere."""
    n, previous, found = 0, FIRST, None
    with database.read() as connection:
        rows = connection.execution_options(yield_per=1000).execute(
            sa.select(audit_table).order_by(audit_table.c.seq)
        )
        for row in rows.mappings():
            n += 1
            if row["seq"] != n:
                return Verification(n - 1, n, previous, f"row {n} is missing")
            if row["previous"] != previous or _digest(dict(row)) != row["digest"]:
                return Verification(n, n, previous, f"row {n} was changed")
            previous = row["digest"]
            found = previous if head is not None and head[0] == n else found
    if head is not None and found != head[1]:
        return Verification(n, head[0], previous, "the kept head is not in the chain")
    return Verification(n, None, previous)


def head(database: Database) -> tuple[int, str]:
    """The newest sequence number and digest, to keep where this database's owner cannot write."""
    entries = list_entries(database, 1)
    return (entries[0].seq, entries[0].digest) if entries else (0, FIRST)


def create_triggers(connection: Connection) -> None:
    """Make the database itself refuse to change or delete a row of the trail."""
    if connection.dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(
                f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit trail cannot be changed'); END"
            )
        return
    connection.exec_driver_sql(
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit trail cannot be changed'; END $$"
    )
    connection.exec_driver_sql(
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )


def _digest(row: Mapping[str, Any]) -> str:
    """SHA-256 over the previous digest and the row as canonical JSON."""
    names = ("seq", "actor", "action", "object_type", "object_id", "change")
    record = {name: row[name] for name in names} | {"at": row["at"].isoformat()}
    body = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256((row["previous"] + body).encode()).hexdigest()
