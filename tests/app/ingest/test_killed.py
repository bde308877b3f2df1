"""Killed at any moment during an import and started again: the log is as before or complete."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.ingest.run import sweep
from app.ingest.words import Place
from app.state.logs import load_dataset

STEPS = (
    "staged",
    "written-predictions",
    "written-labels",
    "moved",
    "placed",
    "commit",
    "committed",
)


def rows(start: int, n: int) -> str:
    lines = (f"{i},2024-0{1 + i % 9}-01,{i % 2},{i % 2},{i}\n" for i in range(start, start + n))
    return "id,timestamp,prediction,label,x\n" + "".join(lines)


def import_in_a_process(place: Place, path: Path, kill_at: str = "") -> int:
    command = [
        sys.executable,
        "-m",
        "app.cli",
        "import",
        str(path),
        "--model",
        "m",
        "--home",
        str(place.home),
    ]
    environment = os.environ | {"TELLTALE_TEST_KILL_AT": kill_at}
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode


@pytest.mark.parametrize("step", STEPS)
def test_killed_at(step: str, place: Place, tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text(rows(0, 40))
    second.write_text(rows(40, 30))
    assert import_in_a_process(place, first) == 0
    before = load_dataset(place.database, "m", place.home).fingerprint
    assert import_in_a_process(place, second, step) == -9
    sweep(place.home, place.database)
    dataset = load_dataset(place.database, "m", place.home)
    n = (dataset.log("predictions").n_rows, dataset.log("labels").n_rows)
    if step == "committed":
        assert n == (70, 70)
    else:
        assert n == (40, 40)
        assert dataset.fingerprint == before
    known = {part.path for log in dataset.logs.values() for part in log.parts}
    assert {str(p) for p in (place.home / "logs").rglob("*.parquet")} == known
    assert import_in_a_process(place, second) == 0
    after = load_dataset(place.database, "m", place.home)
    assert (after.log("predictions").n_rows, after.log("labels").n_rows) == (70, 70)


def test_two_processes_at_once_lose_nothing(place: Place, tmp_path: Path) -> None:
    """Both files hold ids 20 to 39: they are kept once."""
    texts = {"a.csv": rows(0, 40), "b.csv": rows(20, 40)}
    processes = []
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        command = [sys.executable, "-m", "app.cli", "import", str(tmp_path / name), "--model", "m"]
        processes.append(
            subprocess.Popen([*command, "--home", str(place.home)], stdout=subprocess.DEVNULL)
        )
    assert [p.wait(120) for p in processes] == [0, 0]
    dataset = load_dataset(place.database, "m", place.home)
    assert (dataset.log("predictions").n_rows, dataset.log("labels").n_rows) == (60, 60)
