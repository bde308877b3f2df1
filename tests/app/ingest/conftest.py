"""A home to import into, and the command line as a function."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

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
Corrections = list[tuple[int, int, int]]  # of which row, which label, at which hour
# of laws that import files: a failing example is not made smaller, which takes minutes
LAWS = settings(
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def new_home(folder: Path) -> Place:
    """A home with nothing in it, whatever lay there before."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    database = Database(f"sqlite:///{folder / 'telltale.db'}")
    migrate(database)
    return Place(folder, database, "test", threads=1)


def corrections_of(
    n: int, hours: tuple[int, int], sizes: tuple[int, int]
) -> st.SearchStrategy[Corrections]:
    """Labels of some of ``n`` rows, 0 or 1, at some hour; no row has two at the same one."""
    each = st.tuples(st.integers(0, n - 1), st.integers(0, 1), st.integers(*hours))
    least, most = sizes
    return st.lists(each, min_size=least, max_size=most, unique_by=lambda c: (c[0], c[2]))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A fresh home."""
    return replace(new_home(tmp_path / "home"), threads=2)


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
