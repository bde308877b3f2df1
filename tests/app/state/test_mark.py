"""The mark of the state database: another one once anybody wrote, so that what was read may be kept."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.engine import Connection

from app.state.database import Database


def test_another_connection_that_writes_changes_the_mark(database: Database) -> None:
    before = database.mark()
    if not database.is_sqlite:
        assert before is None
        return
    assert before is not None
    with database.read() as connection:
        connection.exec_driver_sql("SELECT 1")
    assert database.mark() == before
    other = Database(database.url)
    with other.write("ann") as write:
        write.audit("look", "database", "state")
    other.close()
    assert database.mark() not in (None, before)


def test_what_was_read_is_kept_until_anybody_writes(
    database: Database, connect: Callable[[], Database]
) -> None:
    read: list[int] = []

    def count(connection: Connection) -> int:
        read.append(1)
        return int(connection.exec_driver_sql("SELECT count(*) FROM audit").scalar_one())

    def ask() -> int:
        return database.held("n", count)

    def write(to: Database) -> None:
        with to.write("ann") as change:
            change.audit("look", "database", "state")

    before = ask()
    assert ask() == before
    assert len(read) == (1 if database.is_sqlite else 2)
    write(database)
    assert ask() == before + 1
    write(connect())  # as another process does
    assert ask() == before + 2
    with pytest.raises(ZeroDivisionError), database.write("ann") as change:
        change.audit("look", "database", "state")
        assert ask() == before + 2  # what is not committed is not there
        raise ZeroDivisionError
    assert ask() == before + 2
    assert database.held("other", lambda _connection: 7) == 7


def test_a_write_while_it_is_read_is_seen_by_the_next(
    database: Database, connect: Callable[[], Database]
) -> None:
    other = connect()

    def slow(connection: Connection) -> int:
        n = int(connection.exec_driver_sql("SELECT count(*) FROM audit").scalar_one())
        with other.write("ann") as change:
            change.audit("look", "database", "state")
        return n

    first = database.held("n", slow)
    assert database.held("n", slow) == first + 1


def test_an_error_is_not_kept(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        database.held("n", lambda _connection: 1 // 0)
    assert database.held("n", lambda _connection: 1) == 1


def test_threads_share_what_was_read(database: Database) -> None:
    read: list[int] = []

    def count(connection: Connection) -> int:
        read.append(1)
        return 7

    database.held("n", count)
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda _i: database.held("n", count), range(40))) == {7}
    assert len(read) == (1 if database.is_sqlite else 41)
