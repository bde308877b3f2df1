"""Sessions on the server, and the one-time tickets that open them.

Only hashes of tokens are kept: who reads the database cannot sign in with it. Being seen and
used tickets are bookkeeping and leave no audit row; opening and ending a session does.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.state.database import Database, Write
from app.state.users import User, to_user, user_table

metadata = user_table.metadata
session_table = sa.Table(
    "session",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("user_id", sa.ForeignKey("user.id"), nullable=False, index=True),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("last_seen_at", sa.DateTime, nullable=False),
    sa.Column("expires_at", sa.DateTime, nullable=False),
    sa.Column("revoked_at", sa.DateTime),
    sa.Column("ip", sa.String(64), nullable=False),
    sa.Column("user_agent", sa.String(300), nullable=False),
)
ticket_table = sa.Table(
    "ticket",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.ForeignKey("user.id"), nullable=False),
    sa.Column("expires_at", sa.DateTime, nullable=False),
)
TICKET_S = 30


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser."""

    id: int
    user_id: int
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: str
    user_agent: str

    def is_live(self, now: datetime, idle_s: int) -> bool:
        """Whether its time is not over, and it was used not long ago."""
        return self.expires_at > now and self.last_seen_at > now - timedelta(seconds=idle_s)


def token_hash(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue_ticket(write: Write, user: User) -> str:
    """A token that opens one session within 30 seconds."""
    now = write.database.clock()
    write.execute(ticket_table.delete().where(ticket_table.c.expires_at < now))
    token = secrets.token_urlsafe(32)
    expires_at = now + timedelta(seconds=TICKET_S)
    values = {"token_hash": token_hash(token), "user_id": user.id, "expires_at": expires_at}
    write.execute(ticket_table.insert().values(**values))
    return token


def redeem_ticket(write: Write, token: str) -> User | None:
    """The active user of a ticket that was neither used nor is too old; it is gone afterwards."""
    taken = ticket_table.delete().where(ticket_table.c.token_hash == token_hash(token))
    row = write.execute(taken.returning(ticket_table.c.user_id, ticket_table.c.expires_at)).first()
    if row is None or row.expires_at < write.database.clock():
        return None
    user = write.execute(sa.select(user_table).where(user_table.c.id == row.user_id)).first()
    return to_user(user) if user is not None and user.is_active else None


def open_session(
    write: Write, user: User, absolute_s: int, *, ip: str = "", user_agent: str = ""
) -> str:
    """Start a session and return the token for its cookie."""
    now = write.database.clock()
    token = secrets.token_urlsafe(32)
    values = {
        "token_hash": token_hash(token),
        "user_id": user.id,
        "created_at": now,
        "last_seen_at": now,
        "expires_at": now + timedelta(seconds=absolute_s),
        "ip": ip[:64],
        "user_agent": user_agent[:300],
    }
    write.execute(session_table.insert().values(**values))
    write.audit("sign in", "user", user.name, ip=ip[:64])
    return token


def find_session(
    connection: Connection, token: str, now: datetime, idle_s: int
) -> tuple[Session, User] | None:
    """The live session of a token and its user: not revoked, idle or over, the user active."""
    table = session_table.c
    query = (
        sa.select(session_table, *[c.label(f"u_{c.name}") for c in user_table.c])
        .join(user_table, user_table.c.id == table.user_id)
        .where(table.token_hash == token_hash(token), user_table.c.is_active)
        .where(_is_live(now, idle_s))
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    session = Session(**{name: row[name] for name in Session.__slots__})
    return session, User(**{name: row[f"u_{name}"] for name in User.__slots__})


def list_sessions(database: Database, user_id: int, idle_s: int) -> list[Session]:
    """The user's live sessions, the last used first."""
    table = session_table.c
    query = sa.select(session_table).where(table.user_id == user_id)
    query = query.where(_is_live(database.clock(), idle_s)).order_by(table.last_seen_at.desc())
    with database.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [Session(**{name: row[name] for name in Session.__slots__}) for row in rows]


def count_sessions(database: Database, idle_s: int) -> int:
    """How many sessions are live."""
    query = sa.select(sa.func.count()).select_from(session_table)
    with database.read() as connection:
        return int(connection.execute(query.where(_is_live(database.clock(), idle_s))).scalar_one())


def touch_session(database: Database, session: Session, every_s: int = 60) -> None:
    """Note that the session was used just now, at most once a minute."""
    now = database.clock()
    if now - session.last_seen_at < timedelta(seconds=every_s):
        return
    with database.write("session") as write:
        change = session_table.update().where(session_table.c.id == session.id)
        write.execute(change.values(last_seen_at=now))


def revoke_session(write: Write, user: User, session_id: int) -> bool:
    """End one session of that user; False where it is not theirs or over already."""
    return _revoke(write, user, session_table.c.id == session_id) > 0


def revoke_sessions(write: Write, user: User, except_id: int | None = None) -> int:
    """End all sessions of that user, but for one; how many were ended."""
    other = sa.true() if except_id is None else session_table.c.id != except_id
    write.execute(ticket_table.delete().where(ticket_table.c.user_id == user.id))
    return _revoke(write, user, other)


def _revoke(write: Write, user: User, which: sa.ColumnElement[bool]) -> int:
    table = session_table.c
    change = session_table.update().where(table.user_id == user.id, table.revoked_at.is_(None))
    n = write.execute(change.where(which).values(revoked_at=write.database.clock())).rowcount
    if n:
        write.audit("end sessions", "user", user.name, n=n)
    return int(n)


def _is_live(now: datetime, idle_s: int) -> sa.ColumnElement[bool]:
    table = session_table.c
    return sa.and_(
        table.revoked_at.is_(None),
        table.expires_at > now,
        table.last_seen_at > now - timedelta(seconds=idle_s),
    )
