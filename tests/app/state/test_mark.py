"""The mark of the state database: another one once anybody wrote, so that what was read may be kept."""

from __future__ import annotations

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
