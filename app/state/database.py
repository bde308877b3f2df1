"""Connect to the SQL state: SQLite by default, PostgreSQL by URL, one way to write.

Every write names its actor and its audit row goes in the same transaction. SQLite writers begin
with BEGIN IMMEDIATE: a plain BEGIN that later upgrades loses its write to "database is locked".
PostgreSQL writers take one advisory lock.
"""

from __future__ import annotations

import functools
import os
import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from analytics.errors import StateError
from app.state.turn import Turn

Clock = Callable[[], datetime]
T = TypeVar("T")
MOST_HELD = 5_000  # answers
WRITE_LOCK = 7133142  # PostgreSQL: one writer at a time, as SQLite has it; the audit chain needs it


def utc_now() -> datetime:
    """The wall clock as a naive UTC datetime."""
    return datetime.now(UTC).replace(tzinfo=None)


class Database:
    """The state database of one home.

    ``read()`` and ``write(actor)`` yield SQLAlchemy connections inside a transaction; a write
    that raises is rolled back whole, its audit rows with it.
    """

    def __init__(self, url: str, clock: Clock = utc_now, home: Path | None = None) -> None:
        self.url = url
        self.home = home
        self.clock = clock
        self.is_sqlite = url.startswith("sqlite")
        self._turn: Turn | None = None
        if self.is_sqlite:
            file = sa.make_url(url).database
            if file:
                _make_private(Path(file))
                self._turn = Turn(Path(file))
        self._marking = threading.Lock()
        self._mark: sqlite3.Connection | None = None
        self._held: dict[Hashable, Any] = {}
        self._held_at: int | None = None
        self._reader = self._engine(immediate=False)
        self._writer = self._engine(immediate=True)

    def _engine(self, *, immediate: bool) -> Engine:
        if not self.is_sqlite:
            options = {"client_encoding": "utf8"}  # else an SQL_ASCII database answers in bytes
            return sa.create_engine(self.url, pool_pre_ping=True, connect_args=options)
        engine = sa.create_engine(self.url, connect_args={"check_same_thread": False})

        @sa.event.listens_for(engine, "connect")
        def _prepare(raw: Any, _record: Any) -> None:
            raw.isolation_level = None
            for pragma in (
                "busy_timeout=30000",
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
            ):
                raw.execute(f"PRAGMA {pragma}")

        @sa.event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading."""
        with self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, actor: str) -> Iterator[Write]:
        """A transaction in the name of ``actor``; commits on leaving, rolls back on an error."""
        try:
            with self._turned(), self._writer.begin() as connection:
                if not self.is_sqlite:
                    connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})"))
                yield Write(connection, actor, self)
        except sa.exc.OperationalError as error:
            raise StateError(
                f"The state database refused a write: {error.orig}",
                "The disk may be full, or another process holds the database.",
                "Free the disk or stop the other process; nothing of this write was kept.",
            ) from error

    def _turned(self) -> AbstractContextManager[None]:
        return nullcontext() if self._turn is None else self._turn.taken()

    def mark(self) -> int | None:
        """A number that is another one once anybody has written; None where the database has none.

        It costs a few microseconds.
        """
        with self._marking:
            return self._look()

    def _look(self) -> int | None:
        if not self.is_sqlite or self._turn is None:
            return None
        if self._mark is None:
            file = str(sa.make_url(self.url).database)
            self._mark = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        return int(self._mark.execute("PRAGMA data_version").fetchone()[0])

    def held(self, key: Hashable, read: Callable[[Connection], T]) -> T:
        """What ``read`` finds; from memory where it was read since anybody, anywhere, wrote last.

        For what depends on the state alone, never on the clock, and is changed by nobody.
        """
        with self._marking:
            mark = self._look()
            if mark is None or mark != self._held_at or len(self._held) > MOST_HELD:
                self._held_at, self._held = mark, {}
            held = self._held
        if key in held:
            return cast("T", held[key])
        with self.read() as connection:
            found = read(connection)
        if mark is not None:  # after a write meanwhile this holds what nobody looks at any more
            held[key] = found
        return found

    def close(self) -> None:
        """Give the connections back."""
        with self._marking:
            if self._mark is not None:
                self._mark.close()
            self._mark = self._held_at = None
        self._reader.dispose()
        self._writer.dispose()


class Write:
    """An open write transaction: execute statements, and say in the audit trail what was done."""

    def __init__(self, connection: Connection, actor: str, database: Database) -> None:
        self.connection = connection
        self.actor = actor
        self.database = database

    def execute(self, statement: Any, values: Any = None) -> Any:
        """Run one SQLAlchemy statement."""
        return self.connection.execute(statement, values)

    def audit(self, action: str, object_type: str, object_id: str, **change: Any) -> None:
        """Append one row to the audit trail, chained to the one before, in this transaction."""
        from app.state.audit import append

        what = (action, object_type, object_id)
        append(self.connection, self.database.clock(), self.actor, what, change)


def _make_private(file: Path) -> None:
    """The file and its new folders belong to this user alone: it holds password hashes."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))


@functools.cache
def open_database(url: str, home: Path | None = None) -> Database:
    """The database of that URL, opened once in this process; ``home`` holds its logs."""
    return Database(url, home=home)
