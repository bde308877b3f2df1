"""A home with one long log, made once: `python -m bench.long_home FOLDER [--rows 10000000]`.

34 columns over 50 days: ids, times, two versions, predictions, scores, latency, status and errors, 15
numbers (three of them move in the last days) and 11 columns of levels; a label for every row within
two days; the first 15 days as the reference. It is imported as a user would.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import datetime
from pathlib import Path

import duckdb

from analytics.core import Kind

MODEL, START, DAYS, REFERENCE_DAYS, SWITCH = "long", datetime(2024, 1, 1), 50, 15, 35
N_NUMERIC, N_LEVELS = 15, 11
SQL = """
SELECT 'p' || i AS prediction_id,
  TIMESTAMP '{start}' + to_microseconds((i * 86400000000 // {n_day})::BIGINT) AS timestamp,
  CASE WHEN {day} < {switch} THEN 'v1' ELSE 'v2' END AS model_version,
  CASE WHEN score >= 0.5 THEN '1' ELSE '0' END AS prediction, score,
  exp(3 + random() + random()) AS latency_ms,
  CASE WHEN is_failed THEN 'error' ELSE 'ok' END AS status,
  CASE WHEN is_failed THEN (['KeyError', 'Timeout', 'ValueError'])[1 + i % 3] END AS error_type,
  {numeric}, {levels}
FROM (SELECT i, round(random(), 4) AS score, random() < 0.002 AS is_failed
  FROM range({first}, {first} + {n_day}) r(i))
"""
LABELS_SQL = (
    "SELECT prediction_id, CASE WHEN random() < score THEN '1' ELSE '0' END AS label,"
    " timestamp + to_microseconds((random() * 172800e6)::BIGINT) AS known_at FROM log"
)


def fill(home: Path, n: int) -> None:
    """Make the files and import them into a home."""
    from app.ask import Desk
    from app.ingest.beside import import_and_put
    from app.ingest.plan import plan_import
    from app.ingest.words import ImportOptions, Place
    from app.settings import read_settings

    with Desk(read_settings(home=str(home))) as desk, tempfile.TemporaryDirectory() as folder:
        place = Place(home, desk.database, "bench")
        rows, labels = make_files(Path(folder), n)
        kinds: tuple[tuple[Kind, list[Path]], ...] = (("predictions", rows), ("labels", labels))
        for kind, files in kinds:
            reference = ImportOptions(MODEL, kind, "reference", positive="1")
            for paths in _batches(files[:REFERENCE_DAYS]):
                import_and_put(place, plan_import(place, paths, reference))
        for kind, files in kinds:
            production = ImportOptions(MODEL, kind, positive="1")
            for paths in _batches(files):
                import_and_put(place, plan_import(place, paths, production))


def _batches(files: list[Path]) -> list[list[Path]]:
    """Five days at a time."""
    return [files[at : at + 5] for at in range(0, len(files), 5)]


def make_files(folder: Path, n: int) -> tuple[list[Path], list[Path]]:
    """The files of predictions and of labels, one a day."""
    db = duckdb.connect()
    db.execute("SELECT setseed(0.5)")
    rows, labels = [], []
    for day in range(DAYS):
        moved = [0.3 if at < 3 and day >= SWITCH else 0.0 for at in range(N_NUMERIC)]
        numeric = [f"random() + ln(1 + random()) + {m} AS f{i:02d}" for i, m in enumerate(moved)]
        levels = [
            f"'v' || (floor(random() * {4 * (i + 1)}))::INT AS c{i:02d}" for i in range(N_LEVELS)
        ]
        n_day = n // DAYS
        body = SQL.format(
            start=START, day=day, switch=SWITCH, first=day * n_day, n_day=n_day,
            numeric=", ".join(numeric), levels=", ".join(levels),
        )  # fmt: skip
        db.execute(f"CREATE OR REPLACE TABLE log AS {body}")
        rows.append(_write(db, folder, f"p{day:02d}", "SELECT * FROM log"))
        labels.append(_write(db, folder, f"l{day:02d}", LABELS_SQL))
    db.close()
    return rows, labels


def _write(db: duckdb.DuckDBPyConnection, folder: Path, name: str, sql: str) -> Path:
    path = folder / f"{name}.parquet"
    db.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    return path


def main() -> None:
    """Fill a home."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    options = parser.parse_args()
    fill(options.home.resolve(), options.rows)


if __name__ == "__main__":
    main()
