"""API keys: one for each program that sends, for one model and one kind of log.

Only hashes are kept: who reads the database cannot send with what stands there. A key sends; it
reads back only where it was made to. Being used is bookkeeping and leaves no audit row; making
and revoking a key does.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import NameUnknown, UsageError
from app.state.database import Database, Write
from app.state.models import find_model

KeyKind = Literal["feedback", "events", "predictions", "labels", "errors", "resources"]
KINDS: tuple[str, ...] = get_args(KeyKind)
TOUCH_EVERY = timedelta(minutes=1)
MARK = "tell_"  # so that a scanner for secrets, and a person, sees what leaked

metadata = sa.MetaData()
key_table = sa.Table(
    "api_key",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("model", sa.String(63), nullable=False, index=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("may_read", sa.Boolean, nullable=False),
    sa.Column("secret_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("created_by", sa.String(120), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("last_used_at", sa.DateTime),
    sa.Column("revoked_at", sa.DateTime),
)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One row, without its secret."""

    id: int
    model: str
    kind: str
    name: str
    may_read: bool
    created_by: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def actor(self) -> str:
        """Who writes in its name, for the audit trail."""
        return f"key {self.id} {self.name}"[:120]


def secret_hash(secret: str) -> str:
    """What the database keeps of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def add_key(
    write: Write, model: str, kind: str, name: str, *, may_read: bool = False
) -> tuple[ApiKey, str]:
    """Make a key; the row and its secret, which is told only now."""
    name = name.strip()
    if kind not in KINDS:
        raise UsageError(f"A key cannot be for {kind!r}.", "", f"Take one of: {', '.join(KINDS)}.")
    if not name or len(name) > 80:
        raise UsageError("A key needs a name of 1 to 80 characters.", "", "Say who sends with it.")
    if find_model(write.connection, model) is None:
        raise NameUnknown(f"There is no model {model!r}.", "", "List them with `telltale models`.")
    secret = MARK + secrets.token_urlsafe(32)
    values: dict[str, Any] = {"model": model, "kind": kind, "name": name, "may_read": may_read}
    values |= {"secret_hash": secret_hash(secret), "created_by": write.actor}
    statement = key_table.insert().values(**values, created_at=write.database.clock())
    key_id = int(write.execute(statement).inserted_primary_key[0])
    write.audit("create", "api key", str(key_id), **values | {"secret_hash": "kept"})
    row = write.execute(sa.select(key_table).where(key_table.c.id == key_id)).one()
    return _key(row), secret


def list_keys(database: Database, model: str | None = None) -> list[ApiKey]:
    """The keys of a model, or of all, the newest first; revoked ones too."""
    statement = sa.select(key_table).order_by(key_table.c.id.desc())
    if model is not None:
        statement = statement.where(key_table.c.model == model)
    with database.read() as connection:
        return [_key(row) for row in connection.execute(statement)]


def find_key(connection: Connection, secret: str) -> ApiKey | None:
    """The key of a secret, None where it is unknown or was revoked."""
    which = key_table.c.secret_hash == secret_hash(secret)
    row = connection.execute(
        sa.select(key_table).where(which, key_table.c.revoked_at.is_(None))
    ).first()
    return None if row is None else _key(row)


def get_key(connection: Connection, key_id: int) -> ApiKey:
    """The key of that number; NameUnknown where there is none."""
    row = connection.execute(sa.select(key_table).where(key_table.c.id == key_id)).first()
    if row is None:
        raise NameUnknown(f"There is no key {key_id}.", "", "List them with `telltale key list`.")
    return _key(row)


def revoke_key(write: Write, key_id: int) -> bool:
    """End a key for good; False where it was revoked before."""
    get_key(write.connection, key_id)
    change = key_table.update().where(key_table.c.id == key_id, key_table.c.revoked_at.is_(None))
    is_new = bool(write.execute(change.values(revoked_at=write.database.clock())).rowcount)
    if is_new:
        write.audit("revoke", "api key", str(key_id))
    return is_new


def is_due(key: ApiKey, database: Database) -> bool:
    """Whether the last noted use is a minute ago or more."""
    return key.last_used_at is None or database.clock() - key.last_used_at >= TOUCH_EVERY


def touch_key(database: Database, key: ApiKey) -> None:
    """Note that the key was used just now, at most once a minute."""
    if not is_due(key, database):
        return
    with database.write(key.actor) as write:
        change = key_table.update().where(key_table.c.id == key.id)
        write.execute(change.values(last_used_at=database.clock()))


def _key(row: Any) -> ApiKey:
    values = {name: getattr(row, name) for name in ApiKey.__slots__}
    values["may_read"] = bool(row.may_read)
    return ApiKey(**values)
