"""Memory does not grow with the file, and rows of a date are found wherever they stand in it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analytics.errors import QueryCancelled
from analytics.query.engine import Cancel
from app.ingest import duplicates
from app.ingest import parts as writing
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.ingest.workspace import Workspace
from app.state.logs import list_parts, load_dataset

GROWTH_MB = 80  # without a limit four times the rows took 130 MB more
PEAK = """
import sys
from app.cli import main
assert main(sys.argv[1:]) == 0
status = open("/proc/self/status").read()
print(status.split("VmHWM:")[1].split()[0])
"""


def write_log(path: Path, n: int) -> Path:
    features = ", ".join(f"round(random() * 100, 6) AS feature_{i}" for i in range(8))
    duckdb.sql(
        f"COPY (SELECT 'request-' || i AS id, TIMESTAMP '2024-01-01' + to_seconds(i) AS timestamp,"
        f" round(random(), 6) AS score, {features} FROM range({n}) t(i)) TO '{path}' (HEADER)"
    )
    return path


def peak_mb(place: Place, file: Path, model: str) -> int:
    command = ["import", str(file), "--model", model, "--home", str(place.home), "--json"]
    limits = {"TELLTALE_IMPORT_MEMORY": "200MB", "TELLTALE_QUERY_THREADS": "2"}
    run = [sys.executable, "-c", PEAK, *command]
    done = subprocess.run(run, env=os.environ | limits, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) // 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_four_times_the_rows_take_no_more_memory(place: Place, tmp_path: Path) -> None:
    small = peak_mb(place, write_log(tmp_path / "small.csv", 100_000), "small")
    large = peak_mb(place, write_log(tmp_path / "large.csv", 400_000), "large")
    assert large - small < GROWTH_MB
    assert load_dataset(place.database, "large", place.home).log("predictions").n_rows == 400_000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_lines_of_json_are_read_in_pieces(place: Place, tmp_path: Path) -> None:
    """Their columns were once found by putting all lines together, which took the file's size twice."""
    path = tmp_path / "log.jsonl"
    features = ", ".join(f"random() AS feature_{i}" for i in range(8))
    rows = f"SELECT 'request-' || i AS id, i % 2 AS prediction, {features} FROM range(200000) t(i)"
    duckdb.sql(f"COPY (SELECT *, CASE WHEN id LIKE '%999' THEN {{'b': 1}} END AS a FROM ({rows}))"
               f" TO '{path}' (FORMAT json)")  # fmt: skip
    assert peak_mb(place, path, "lines") < 400
    log = load_dataset(place.database, "lines", place.home).log("predictions")
    assert log.n_rows == 200_000
    assert "a.b" in log.columns


def test_however_many_files_one_at_a_time_is_looked_into(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One statement over fifty files held a group of rows of each: a gigabyte did not do."""
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(6):
        more = f", {i} AS only_{i}" if i % 2 else ""
        rows = f"SELECT 'p{i}-' || n AS id, n / 40 AS score, {i} AS x{more} FROM range(40) t(n)"
        duckdb.sql(f"COPY ({rows}) TO '{folder}/file-{i}.parquet'")
    said, run = list[str](), Workspace.run

    def note(self: Workspace, sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        said.append(sql)
        return run(self, sql, values)

    monkeypatch.setattr(Workspace, "run", note)
    plan = plan_import(place, [folder], ImportOptions("many", task="binary", positive="1"))
    assert max(sql.count("file-") for sql in said) == 1
    columns = {c.name: c for c in plan.columns}
    assert set(columns) == {"id", "score", "x", "only_1", "only_3", "only_5"}
    assert columns["only_3"].examples == ("3",)
    assert run_import(place, plan).n_taken == 240


def contents(place: Place) -> list[tuple[str, list[tuple[str, int]]]]:
    """(date, ids with their row numbers as they stand in the part) of every part."""
    found = []
    with place.database.read() as connection:
        parts = sorted(list_parts(connection), key=lambda p: p.date)
    for part in parts:
        file = place.home / part.path
        rows = duckdb.sql(f"SELECT prediction_id, row FROM '{file}'").fetchall()
        numbers = [row for _id, row in rows]
        told = (part.n_rows, part.first_row, part.last_row)
        assert told == (len(rows), min(numbers), max(numbers))
        found.append((part.date, rows))
    return found


@pytest.mark.parametrize("near", [4, 0])
@pytest.mark.parametrize("few", [100_000, 0])
def test_parts_of_a_file_out_of_order(
    near: int, few: int, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sorted at once or looked up date by date, with or without rows left out, it is the same log."""
    monkeypatch.setattr(writing, "NEAR", near)
    monkeypatch.setattr(writing, "CHUNK", 7)
    monkeypatch.setattr(duplicates, "FEW", few)
    rows = [
        (f"p{i}", f"2024-{1 + i % 3:02d}-{1 + i % 28:02d}T{i % 24:02d}:00:00") for i in range(200)
    ]
    random.Random(1).shuffle(rows)
    lines = [f"{name},{time},{i % 2},{name[1:]}" for i, (name, time) in enumerate(rows)]
    lines[50:50] = [lines[3], "bad,never,1,2", f"{rows[7][0]},{rows[7][1]},1,-5"]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["id,timestamp,prediction,x", *lines]) + "\n")
    report = run_import(place, plan_import(place, [path], ImportOptions("m", timezone="UTC")))
    assert (report.n_taken, report.n_duplicates, report.n_aside) == (200, 1, 2)
    expected: dict[str, list[tuple[str, int, str]]] = {}
    for row, (name, time) in enumerate(rows):
        expected.setdefault(time[:7], []).append((time, row, name))
    assert contents(place) == [
        (date, [(name, row) for _time, row, name in sorted(found)])
        for date, found in sorted(expected.items())
    ]
    again = run_import(place, plan_import(place, [path], ImportOptions("m", timezone="UTC")))
    assert (again.n_taken, again.n_duplicates, again.n_aside) == (0, 201, 2)


def test_progress_goes_on_and_cancel_stops_it(place: Place, tmp_path: Path) -> None:
    """Of captures first as they are turned into rows, then as these are read, then month by month."""
    line = (
        '{"captureData": {"endpointInput": {"data": "1", "encoding": "CSV"}, "endpointOutput":'
        ' {"data": "0.5", "encoding": "CSV"}}, "eventMetadata": {"eventId": "e%d", "inferenceTime":'
        ' "2024-%02d-01T00:00:00Z"}, "eventVersion": "0"}\n'
    )
    path = tmp_path / "capture.jsonl"
    path.write_text("".join(line % (i, i % 12 + 1) for i in range(6000)))
    options = ImportOptions("m", mapping=(("score", "output"),))
    plan = plan_import(place, [path], options)
    cancel = Cancel()

    def press(share: float, _message: str) -> None:
        if share > 0.1:
            cancel.press()

    with pytest.raises(QueryCancelled):
        run_import(place, plan, press, cancel)
    assert not list((place.home / "tmp").iterdir())
    said: list[tuple[float, str]] = []
    assert run_import(place, plan, lambda *told: said.append(told)).n_taken == 6000
    shares = [share for share, _message in said]
    assert shares == sorted(shares)
    assert len({s for s, message in said if message.startswith("Reading SageMaker")}) >= 5
    assert len({s for s, message in said if message == "Writing parts"}) >= 12
