"""Homes for page tests: one with the sample logs, shared by all; fresh empty ones; a broken one."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.auth.viewer import Viewer, operator
from app.settings import settings_in_force
from app.state.database import Database, open_database
from app.state.migrations import migrate

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("overview", "performance", "drift", "quality")
Run = Callable[..., AppTest]


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home into which the sample logs were imported."""
    from app.ingest.samples import import_samples

    home = tmp_path_factory.mktemp("samples")
    database = Database(f"sqlite:///{home / 'telltale.db'}")
    migrate(database)
    import_samples(home, database)
    database.close()
    return home


@pytest.fixture
def enter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Make a home the one in force, looked at by somebody who may do everything."""

    def go(home: Path, viewer: Viewer | None = None) -> None:
        monkeypatch.setenv("TELLTALE_HOME", str(home))
        settings_in_force.cache_clear()
        open_database.cache_clear()
        migrate(open_database(settings_in_force().database_url))
        who = viewer or operator("ann")
        names = ("app.auth.current", "app.auth.guard", "app.widgets.frame")
        # All of them first: one imported later would keep the stand-in as its own for ever.
        for module in [importlib.import_module(name) for name in names]:
            monkeypatch.setattr(module, "current_viewer", lambda *_: who)

    yield go
    open_database.cache_clear()
    settings_in_force.cache_clear()


@pytest.fixture
def on_samples(enter, sample_home: Path) -> None:
    """The sample logs."""
    enter(sample_home)


@pytest.fixture
def on_nothing(enter, tmp_path: Path) -> None:
    """A home without any model."""
    enter(tmp_path)


@pytest.fixture
def on_broken(enter, sample_home: Path, tmp_path: Path) -> None:
    """A home whose parts were cut after they were imported."""
    home = tmp_path / "broken"
    shutil.copytree(sample_home, home)
    for part in home.rglob("*.parquet"):
        part.write_bytes(part.read_bytes()[:100])
    enter(home)


@pytest.fixture(name="run")
def run_fixture() -> Run:
    """Run a page with the parameters of its link; no exception may be left."""

    def run(page: str, **params: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=120)
        for key, value in params.items():
            app.query_params[key] = value
        app.run()
        app.switch_page(f"../pages/{page}.py")
        for key, value in params.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception, app.exception
        return app

    return run


@pytest.fixture(name="texts")
def texts_fixture() -> Callable[[AppTest], str]:
    """Everything that a page says."""

    def texts(app: AppTest) -> str:
        shown = (app.title, app.header, app.subheader, app.markdown, app.caption)
        said = "\n".join(element.value for kind in shown for element in kind)
        return said.replace("\u00a0", " ")

    return texts
