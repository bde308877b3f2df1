"""A home of its own for tests that go through the process-wide settings, and people in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.auth import current
from app.auth.viewer import Viewer, load_viewer
from app.settings import settings_in_force
from app.state.database import Database, open_database
from app.state.grants import Grant, add_grant
from app.state.migrations import migrate
from app.state.sessions import open_session
from app.state.users import add_user, find_user


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The migrated database of a fresh home that the settings in force point to."""
    monkeypatch.setenv("TELLTALE_HOME", str(tmp_path))
    settings_in_force.cache_clear()
    database = open_database(settings_in_force().database_url)
    migrate(database)
    yield database
    database.close()
    open_database.cache_clear()
    settings_in_force.cache_clear()


@pytest.fixture
def signed_in(home: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Viewer]:
    """Sign somebody in for pages run by AppTest: ``signed_in("ann", ("viewer", "flights"))``.

    The name is created where it is new; each pair is a grant of a role on a model.
    """

    def sign_in(name: str = "ann", *grants: tuple[str, str], role: str = "viewer") -> Viewer:
        with home.write("test") as write:
            user = find_user(write.connection, name) or add_user(write, name, role, "no password")
            for pair in grants:
                add_grant(write, user, Grant(*pair))
            token = open_session(write, user, 3600)
        monkeypatch.setattr(current, "read_token", lambda: token)
        found = load_viewer(home, settings_in_force(), token)
        assert found is not None
        return found[0]

    return sign_in
