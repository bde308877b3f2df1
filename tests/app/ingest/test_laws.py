"""Files shuffled, split, repeated, late and corrected: the settled numbers are those of one clean file."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.core import Scope
from analytics.query.engine import Engine
from analytics.query.performance import confusions
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.state.logs import load_dataset
from tests.app.ingest.conftest import LAWS, Corrections, corrections_of, new_home

T0 = datetime(2024, 5, 1)
N = 24
PREDICTIONS = [f"p{i},{T0 + timedelta(hours=5 * i)},{i % 2},{i * 0.5}" for i in range(N)]
PREDICTION_HEAD, LABEL_HEAD = "id,timestamp,prediction,x", "id,label,label_time"


def label_rows(corrections: Corrections) -> list[str]:
    """One label a row a day later, and corrections (id, value, hours) that came after it."""
    rows = [f"p{i},{i // 2 % 2},{T0 + timedelta(hours=5 * i + 24)}" for i in range(N - 3)]
    return rows + [f"p{i},{value},{T0 + timedelta(hours=h)}" for i, value, h in corrections]


def bring(place: Place, head: str, rows: list[str]) -> None:
    path = place.home / "in.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    kind = "labels" if head == LABEL_HEAD else "predictions"
    options = ImportOptions("m", kind, task="binary", positive="1")
    run_import(place, plan_import(place, [path], options))


def counts(place: Place, as_of: datetime | None) -> list[list[float]]:
    """The confusion matrix of all rows."""
    dataset = load_dataset(place.database, "m", place.home)
    scope = replace(Scope(), as_of=as_of)
    engine = Engine([place.home], threads=1)
    cells = list(confusions(engine, dataset, scope).values())
    engine.close()
    assert len(cells) == 1
    return [list(row) for row in cells[0].counts]


@settings(LAWS, max_examples=15)
@given(
    corrections=corrections_of(N, (200, 400), (0, 6)),
    cuts=st.tuples(st.integers(1, N - 1), st.integers(0, N + 2)),
    labels_first=st.booleans(),
    seed=st.integers(0, 99),
    hours=st.sampled_from([None, 30, 120, 300]),
)
def test_however_the_files_come(
    corrections: Corrections,
    cuts: tuple[int, int],
    labels_first: bool,
    seed: int,
    hours: int | None,
    tmp_path: Path,
) -> None:
    clean, messy = new_home(tmp_path / "clean"), new_home(tmp_path / "messy")
    labels = label_rows(corrections)
    bring(clean, PREDICTION_HEAD, PREDICTIONS)
    bring(clean, LABEL_HEAD, labels)
    draw = random.Random(seed)
    rows, late = draw.sample(PREDICTIONS, N), draw.sample(labels, len(labels))
    files = [(PREDICTION_HEAD, rows[: cuts[0]]), (PREDICTION_HEAD, rows[cuts[0] :] + rows[:3])]
    brought = [(LABEL_HEAD, late[: cuts[1] + 1]), (LABEL_HEAD, late[cuts[1] :])]
    order = brought + files if labels_first else files + brought
    for head, part in [*order, order[0]]:
        if part:
            bring(messy, head, part)
    as_of = None if hours is None else T0 + timedelta(hours=hours)
    assert counts(messy, as_of) == counts(clean, as_of)


@pytest.mark.slow
def test_memory_stays_bounded(tmp_path: Path) -> None:
    """A file many times larger than the memory that the import may use is imported within it."""
    rows = 3_000_000
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write("id,timestamp,prediction,score,label," + ",".join(f"f{j}" for j in range(8)))
        file.write("\n")
        tail = ",".join(f"{j}.{j}12345" for j in range(8))
        for i in range(rows):
            file.write(
                f"r{i:09d},2024-0{1 + i % 9}-01 00:00:00,{i % 2},0.{i % 97},{i % 2},{tail}\n"
            )
    code = (
        "import sys\nfrom app.cli import main\n"
        "status = main(sys.argv[1:])\n"
        "peak = next(x for x in open('/proc/self/status') if x.startswith('VmHWM'))\n"
        "print('PEAK', int(peak.split()[1]) // 1024)\n"  # of this program, not of who started it
        "raise SystemExit(status)"
    )
    command = [sys.executable, "-c", code, "import", str(path), "--model", "m"]
    command += ["--home", str(tmp_path / "home")]
    environment = os.environ | {"TELLTALE_QUERY_MEMORY": "300MB"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{rows:,} rows taken" in done.stdout
    peak_mb = int(done.stdout.split("PEAK")[1])
    assert peak_mb < 1_000
