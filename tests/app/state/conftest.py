"""The state on both databases: the same tests run on SQLite and on a throwaway PostgreSQL."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.state.database import Database
from app.state.migrations import migrate

_numbers = count()


class Clock:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0)

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _as_postgres(*command: str) -> list[str]:
    """PostgreSQL refuses to run as root."""
    is_root = getpass.getuser() == "root"
    return ["runuser", "-u", "postgres", "--", *command] if is_root else list(command)


def _programs() -> dict[str, str]:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = os.pathsep.join([*map(str, places), os.environ.get("PATH", "")])
    return {name: shutil.which(name, path=path) or "" for name in ("initdb", "pg_ctl")}


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the tests."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    programs = _programs()
    if not all(programs.values()):
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="telltale-pg-"))
    folder.chmod(0o777)
    data = str(folder / "data")
    run = {"check": True, "stdout": subprocess.DEVNULL, "timeout": 120, "cwd": folder}
    # Locale C makes an SQL_ASCII database, the hardest one to get text back from unharmed.
    options = ["-D", data, "--auth=trust", "--username=telltale", "--locale=C", "--no-sync"]
    subprocess.run(_as_postgres(programs["initdb"], *options), **run)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    start = ["-D", data, "-w", "-l", str(folder / "log"), "-o", server, "start"]
    subprocess.run(_as_postgres(programs["pg_ctl"], *start), **run)
    yield f"postgresql+psycopg://telltale@127.0.0.1:{port}"
    subprocess.run(
        _as_postgres(programs["pg_ctl"], "-D", data, "-m", "immediate", "-w", "stop"), **run
    )
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'telltale.db'}"
    url = request.getfixturevalue("cluster")
    name = f"t{os.getpid()}_{next(_numbers)}"
    admin = sa.create_engine(f"{url}/postgres?client_encoding=utf8", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    return f"{url}/{name}"


@pytest.fixture
def connect(blank_url: str, clock: Clock) -> Iterator[Callable[[], Database]]:
    """Open the database again, as another process would; closed after the test."""
    opened: list[Database] = []

    def make() -> Database:
        opened.append(Database(blank_url, clock))
        return opened[-1]

    yield make
    for database in opened:
        database.close()


@pytest.fixture
def database(connect: Callable[[], Database]) -> Database:
    """A migrated database of each kind."""
    made = connect()
    migrate(made)
    return made
