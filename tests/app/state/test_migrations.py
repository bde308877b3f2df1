"""From blank to the present schema, once, whoever comes first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from app.state.migrations import migrate, step_names

ROOT = Path(__file__).resolve().parents[3]
TABLES = {"user", "session", "ticket", "login_failure", "grant", "audit", "migration"}
MIGRATE = """
import sys
from app.state.database import Database
from app.state.migrations import migrate
print(len(migrate(Database(sys.argv[1]))))
"""


def test_a_blank_database_gets_every_table(connect) -> None:
    database = connect()
    assert migrate(database) == step_names()
    with database.read() as connection:
        assert set(sa.inspect(connection).get_table_names()) >= TABLES


def test_again_does_nothing(database) -> None:
    with database.read() as connection:
        before = connection.execute(sa.text("SELECT count(*) FROM audit")).scalar()
    assert migrate(database) == []
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM audit")).scalar() == before


def test_several_processes_at_once_apply_each_step_once(blank_url: str) -> None:
    command = [sys.executable, "-c", MIGRATE, blank_url]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    applied = sorted(int(process.communicate(timeout=120)[0]) for process in running)
    assert applied == [0, 0, len(step_names())]


def test_the_sqlite_file_is_private(tmp_path: Path) -> None:
    from app.state.database import Database

    database = Database(f"sqlite:///{tmp_path / 'home' / 'telltale.db'}")
    migrate(database)
    database.close()
    assert (tmp_path / "home" / "telltale.db").stat().st_mode & 0o077 == 0
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0
