"""The state on both databases: the same tests run on SQLite and on a throwaway PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from app.state.database import Database
from app.state.migrations import migrate
from bench import postgres

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


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the tests."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    if not all(postgres.programs().values()):
        pytest.skip(postgres.WHAT_TO_DO)
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'telltale.db'}"
    url = request.getfixturevalue("cluster")
    return postgres.blank(url, f"t{os.getpid()}_{next(_numbers)}")


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
