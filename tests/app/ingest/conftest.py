"""A home to import into, and the command line as a function."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analytics.query.engine import Engine
from app.ask import open_engine
from app.cli import main
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, ImportReport, Place
from app.settings import read_settings
from app.state.database import Database
from app.state.migrations import migrate

Import = Callable[..., ImportReport]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A fresh home."""
    home = tmp_path / "home"
    home.mkdir()
    database = Database(f"sqlite:///{home / 'telltale.db'}")
    migrate(database)
    return Place(home, database, "test", threads=2)


@pytest.fixture
def engines(place: Place) -> Iterator[Callable[[], Engine]]:
    """Engines of that home, as a process opens them."""
    opened: list[Engine] = []

    def open_one() -> Engine:
        opened.append(open_engine(read_settings(home=str(place.home)), place.database))
        return opened[-1]

    yield open_one
    for engine in opened:
        engine.close()


@pytest.fixture
def bring(place: Place, tmp_path: Path) -> Import:
    """Import a text (or a file) into model ``m``; keyword arguments are options."""

    def run(source: str | Path, name: str = "log.csv", **options: Any) -> ImportReport:
        path = source
        if isinstance(source, str):
            path = tmp_path / name
            path.write_text(source)
        plan = plan_import(place, [path], ImportOptions(model="m", **options))
        return run_import(place, plan)

    return run


@pytest.fixture
def telltale(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, Any, str]]:
    """Run a command on that home: (exit status, JSON on stdout, text on stderr)."""

    def run(*arguments: str) -> tuple[int, Any, str]:
        capsys.readouterr()
        status = main([*arguments, "--home", str(place.home), "--json"])
        out, err = capsys.readouterr()
        return status, json.loads(out) if out else None, err

    return run
