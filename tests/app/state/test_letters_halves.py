"""What became of rows set aside, and halves that wait for each other; on both databases."""

from __future__ import annotations

from datetime import timedelta

from app.state.audit import list_entries
from app.state.database import Database
from app.state.halves import find_halves, forget_halves, keep_halves, list_orphans
from app.state.letters import count_ended, end_letters, ended


def test_a_row_is_dealt_with_once_and_counted(database: Database) -> None:
    rows = [("wal-1-aside", 0), ("wal-1-aside", 1), ("wal-1-aside", 0)]
    with database.write("ann") as write:
        assert end_letters(write, "m", "the line is no JSON", rows, "sent") == 2
        assert end_letters(write, "m", "the line is no JSON", rows[:1], "discarded") == 0
        assert end_letters(write, "m", "other", [("wal-2", 2**40)], "discarded") == 1
    with database.read() as connection:
        assert ended(connection, ["wal-1-aside"]) == {("wal-1-aside", 0), ("wal-1-aside", 1)}
        assert ended(connection, []) == set()
        assert count_ended(connection) == {
            ("wal-1-aside", "the line is no JSON", "sent"): 2,
            ("wal-2", "other", "discarded"): 1,
        }
    said = [(e.actor, e.action) for e in list_entries(database, object_type="model")]
    assert said == [("ann", "letters")] * 2


def test_halves_wait_are_done_and_are_forgotten(database: Database, clock) -> None:  # type: ignore[no-untyped-def]
    with database.write("api") as write:
        keep_halves(write, "m", {f"p{i}": f"text {i}" for i in range(1100)})
        keep_halves(write, "n", {"p0": "of another model"})
        keep_halves(write, "m", {"p1": "", "p2": ""})
    with database.read() as connection:
        found = find_halves(connection, "m", [f"p{i}" for i in range(1100)])
        assert len(found) == 1100 and (found["p0"], found["p1"]) == ("text 0", "")
        assert list_orphans(connection, clock.now) == []
        later = clock.now + timedelta(seconds=1)
        assert len(list_orphans(connection, later, most=5)) == 5
        assert {o.pair for o in list_orphans(connection, later, most=9999)}.isdisjoint({"p1", "p2"})
    with database.write("api") as write:
        forget_halves(write, later)
    with database.read() as connection:
        assert set(find_halves(connection, "m", ["p0", "p1", "p2"])) == {"p0"}
