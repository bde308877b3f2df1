"""How long the questions of the page Serving take on a long log, and how far its quantiles lie from exact.

`python -m bench.serving_page [--rows 10000000] [--home FOLDER] [--write]`: a generated log (two versions,
errors of three kinds, a slow hour every day, labels, samples of the machine a minute) is imported as a
user would, and asked what the page asks: with an engine that was just opened, and again. A home that
holds the model already is used as it is. Writes docs/serving-times.md.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from app.ask import Asking, Desk, answer
from app.questions import Asked, build_question, clock
from app.settings import read_settings

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "serving-times.md"
MODEL, START, DAYS = "bench", datetime(2024, 1, 1), 30
SHARES = (50, 90, 95, 99)
LABELS_SQL = (
    "SELECT prediction_id, CASE WHEN random() < score THEN '1' ELSE '0' END AS label FROM log"
)
SAMPLES_SQL = (
    f"SELECT TIMESTAMP '{START}' + to_minutes(i) AS timestamp, 40 + 20 * random() AS cpu_percent,"
    f" 50 + 5 * random() AS memory_percent FROM range({DAYS * 1440}) r(i)"
)
SQL = """
SELECT i, 'p' || i AS prediction_id,
  TIMESTAMP '{start}' + to_microseconds((i * {day_us} // {n_day})::BIGINT) AS timestamp,
  CASE WHEN {day} < 15 THEN 'v1' ELSE 'v2' END AS model_version, round(random(), 4) AS score,
  exp(2.5 + 0.5 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))
    * CASE WHEN i % {n_day} * 24 // {n_day} = 18 THEN 3 ELSE 1 END AS latency_ms,
  CASE WHEN random() < 0.002 THEN 'error' ELSE 'ok' END AS status,
  'r' || (floor(random() * 8))::INT AS region, random() * 100 AS size
FROM range({first}, {first} + {n_day}) r(i)
"""


def make_files(folder: Path, n: int) -> dict[str, list[Path]]:
    """The log's files by kind, one a day."""
    db = duckdb.connect()
    db.execute("SELECT setseed(0.5)")
    files: dict[str, list[Path]] = {"predictions": [], "labels": [], "resources": []}
    n_day = n // DAYS
    for day in range(DAYS):
        body = SQL.format(
            start=START, day=day, first=day * n_day, n_day=n_day, day_us=86_400_000_000
        )
        more = (
            "CASE WHEN score >= 0.5 THEN '1' ELSE '0' END AS prediction, CASE WHEN status = 'error'"
            " THEN (['KeyError', 'Timeout', 'ValueError'])[1 + i % 3] END AS error_type, CASE WHEN"
            " status = 'error' THEN 'request ' || i || ' failed: size ' || size END AS error_message"
        )
        db.execute(f"CREATE OR REPLACE TABLE log AS SELECT *, {more} FROM ({body})")
        files["predictions"].append(
            _write(db, folder, f"p{day:02d}", "SELECT * EXCLUDE (i) FROM log")
        )
        files["labels"].append(_write(db, folder, f"l{day:02d}", LABELS_SQL))
    files["resources"].append(_write(db, folder, "resources", SAMPLES_SQL))
    db.close()
    return files


def _write(db: duckdb.DuckDBPyConnection, folder: Path, name: str, sql: str) -> Path:
    path = folder / f"{name}.parquet"
    db.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    return path


def fill(home: Path, n: int) -> None:
    """Make the files and import them into a home."""
    from app.ingest.beside import import_and_put
    from app.ingest.plan import plan_import
    from app.ingest.words import ImportOptions, Place

    with Desk(read_settings(home=str(home))) as desk, tempfile.TemporaryDirectory() as folder:
        place = Place(home, desk.database, "bench")
        for kind, paths in make_files(Path(folder), n).items():
            options = ImportOptions(MODEL, kind, positive="1")  # type: ignore[arg-type]
            import_and_put(place, plan_import(place, paths, options))


ASKED: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "up to the first number: facts, latency and errors, the same by day": (
        ("facts", {}), ("serving", {}), ("serving", {"every": "day"}),
    ),
    "the timeline's metric by day and version": (
        ("performance", {"every": "day", "by_version": True, "names": ("roc_auc",)}),
    ),
    "Latency: spread by day, and by region": (
        ("latency_map", {"every": "day"}), ("latency_by:region", {}),
    ),
    "Promise: whole and by day": (
        ("promise:50.0:0.95", {}), ("promise:50.0:0.95", {"every": "day"}),
    ),
    "Load: latency against load by hour, silences": (("load:50.0:0.95", {}), ("silences", {})),
    "Machine: resources and cost": (("machine", {}), ("cost:2.0", {})),
    "Errors: kinds and stacks": (("errors", {}), ("stacks", {})),
    "Versions": (("serving", {"by_version": True}),),
}  # fmt: skip


def clocked(desk: Desk, questions: tuple[tuple[str, dict[str, Any]], ...]) -> tuple[float, float]:
    """Seconds passed, and seconds of processors of all threads."""
    start = time.perf_counter(), time.process_time()
    dataset, wall = desk.dataset(MODEL), desk.now()
    for name, changes in questions:
        question = build_question(dataset, Asked(**changes), clock(dataset, wall))
        answer(desk.engine, Asking(name, dataset, question, wall))
    return time.perf_counter() - start[0], time.process_time() - start[1]


Times = dict[str, tuple[list[tuple[float, float]], list[tuple[float, float]]]]


def measure(home: Path, repeats: int) -> Times:
    """By what is asked: times of engines that were just opened, and of asking again."""
    found: Times = {name: ([], []) for name in ASKED}
    for _ in range(repeats):
        with Desk(read_settings(home=str(home))) as desk:
            for at in range(3):
                for name, questions in ASKED.items():
                    found[name][min(at, 1)].append(clocked(desk, questions))
    return found


def worst_quantile(home: Path) -> tuple[float, int]:
    """How far a quantile lies from NumPy's, as a share of it, and of how many rows."""
    with Desk(read_settings(home=str(home))) as desk:
        _dataset, _question, results = desk.ask("serving", MODEL, Asked())
        files = [part.path for part in desk.dataset(MODEL).log("predictions").parts]
    names = ", ".join(f"'{name}'" for name in files)
    rows = duckdb.connect().execute(
        f"SELECT latency_ms FROM read_parquet([{names}]) WHERE status = 'ok'"
    )
    values = np.asarray(rows.fetchnumpy()["latency_ms"], float)
    by_name = {r.name: r.value for r in results}
    exact = [float(np.quantile(values, share / 100, method="inverted_cdf")) for share in SHARES]
    found = [float(by_name[f"latency_p{share}"] or np.nan) for share in SHARES]
    off = [abs(a / b - 1) for a, b in zip(found, exact, strict=True)]
    return max(off), len(values)


def page(
    rows: int, times: Times, off: tuple[float, int], busy: tuple[float, float]
) -> Iterator[str]:
    """The lines of docs/serving-times.md."""
    yield "# The page Serving on a long log"
    yield ""
    yield "<!-- Generated by `python -m bench.serving_page --write`; change the script instead. -->"
    yield ""
    yield (
        f"{rows:,} generated requests over {DAYS} days with as many labels, imported; two versions, 0.2 %"
        f" errors, samples of the machine a minute. On {os.cpu_count()} cores, with a load of"
        f" {busy[0]:.1f} when it began and {busy[1]:.1f} when it ended (1.0 keeps one core busy: above"
        f" {os.cpu_count()} the seconds passed are those of a machine shared with others)."
    )
    yield ""
    yield (
        f"Latency p50, p90, p95 and p99 beside NumPy's over {off[1]:,} answered requests: at most"
        f" {100 * off[0]:.2g} % apart."
    )
    yield ""
    yield "| what is asked | first: s (processors) | again: median s (processors) | again: 95th percentile s |"
    yield "|---|---:|---:|---:|"
    for name, (first, again) in times.items():
        wall = sorted(s for s, _cpu in again)
        p95 = wall[min(len(wall) - 1, int(0.95 * len(wall)))]
        yield f"| {name} | {_two(first)} | {_two(again)} | {p95:.2f} |"


def _two(times: list[tuple[float, float]]) -> str:
    wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
    return f"{wall:.2f} ({cpu:.2f})"


def main() -> None:
    """Fill a home if need be, ask, and print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = (options.home or Path(folder)).resolve()
        with Desk(read_settings(home=str(home))) as desk:
            from app.state.models import list_models

            is_there = MODEL in [m.name for m in list_models(desk.database)]
        if not is_there:
            fill(home, options.rows)
        before = os.getloadavg()[0]
        times = measure(home, options.repeats)
        rows = options.rows // DAYS * DAYS
        lines = page(rows, times, worst_quantile(home), (before, os.getloadavg()[0]))
        text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
