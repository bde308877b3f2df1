"""The command line as a function, on a home of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.state.database import open_database

Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def telltale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command with ``--json``: (exit status, the object on stdout, text on stderr)."""

    def run(*arguments: str) -> tuple[int, Any, str]:
        capsys.readouterr()
        status = main([*arguments, "--home", str(tmp_path / "home"), "--json"])
        out, err = capsys.readouterr()
        return status, json.loads(out) if out else None, err

    yield run
    open_database.cache_clear()
