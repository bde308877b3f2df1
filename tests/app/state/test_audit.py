"""The trail: a chain that shows every edit, and a database that refuses them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.state.audit import head, list_entries, verify

ROOT = Path(__file__).resolve().parents[3]
WRITE = """
import sys
from app.state.database import Database
database = Database(sys.argv[1])
for i in range(25):
    with database.write(sys.argv[2]) as write:
        write.audit("count", "thing", str(i), note="é ✓")
"""


def fill(database, n: int = 5) -> None:
    for i in range(n):
        with database.write("ann") as write:
            write.audit("change", "thing", str(i), before=i, after="größer ✓")


def without_triggers(connection) -> None:
    """What somebody with the whole database in their hands can do."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TRIGGER audit_no_update")
        connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
    else:
        connection.exec_driver_sql("DROP TRIGGER audit_no_change ON audit")


def test_rows_come_back_as_they_were(database) -> None:
    fill(database)
    newest = list_entries(database, 1)[0]
    assert (newest.actor, newest.action, newest.object_type) == ("ann", "change", "thing")
    assert newest.change == {"before": 4, "after": "größer ✓"}
    assert verify(database).is_intact
    assert [e.object_id for e in list_entries(database, 2, actor="ann")] == ["4", "3"]
    assert list_entries(database, object_type="nothing") == []


def test_a_write_that_fails_leaves_no_row(database) -> None:
    n = len(list_entries(database))
    with pytest.raises(RuntimeError), database.write("ann") as write:
        write.audit("change", "thing", "1")
        raise RuntimeError
    assert len(list_entries(database)) == n


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'eve'", "DELETE FROM audit"])
def test_the_database_refuses_to_change_it(database, statement: str) -> None:
    fill(database, 1)
    with pytest.raises(sa.exc.DBAPIError), database.write("eve") as write:
        write.execute(sa.text(statement))
    assert verify(database).is_intact


@pytest.mark.parametrize(
    ("statement", "broken_at", "reason"),
    [
        ("UPDATE audit SET actor = 'eve' WHERE seq = 3", 3, "changed"),
        ("UPDATE audit SET change = '{}' WHERE seq = 4", 4, "changed"),
        ("UPDATE audit SET at = '2020-01-01' WHERE seq = 2", 2, "changed"),
        ("DELETE FROM audit WHERE seq = 2", 2, "missing"),
        ("DELETE FROM audit WHERE seq = 1", 1, "missing"),
    ],
)
def test_tampering_is_found(database, statement: str, broken_at: int, reason: str) -> None:
    fill(database)
    if database.is_sqlite:
        statement = statement.replace("'2020-01-01'", "'2020-01-01 00:00:00.000000'")
    with database.write("eve") as write:
        without_triggers(write.connection)
        write.execute(sa.text(statement))
    found = verify(database)
    assert found.broken_at == broken_at
    assert reason in found.reason


def test_a_cut_tail_is_found_with_a_kept_head(database) -> None:
    fill(database)
    kept = head(database)
    assert verify(database, kept).is_intact
    with database.write("eve") as write:
        without_triggers(write.connection)
        write.execute(sa.text("DELETE FROM audit WHERE seq = :seq"), {"seq": kept[0]})
    assert verify(database).is_intact
    assert verify(database, kept).broken_at == kept[0]


def test_four_processes_lose_nothing(database, blank_url: str) -> None:
    before = len(list_entries(database, 1000))
    running = [
        subprocess.Popen([sys.executable, "-c", WRITE, blank_url, f"p{i}"], cwd=ROOT)
        for i in range(4)
    ]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0, 0]
    assert len(list_entries(database, 1000)) == before + 100
    assert verify(database).is_intact
