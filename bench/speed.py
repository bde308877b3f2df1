"""How long the main questions take, as a ratio to the bare scan of the same columns in the same run.

Ratios are what to compare: seconds depend on the machine and on what else it does.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb

from analytics import evaluate
from analytics.core import Column, Dataset, Log, Part, Question, Schema, Scope, Window
from analytics.query.engine import Engine

N_NUMERIC, N_LEVELS, DAYS = 15, 5, 50
START = datetime(2024, 1, 1)
NUMERIC = [f"f{i:02d}" for i in range(N_NUMERIC)]
LEVELS = [f"c{i}" for i in range(N_LEVELS)]
LABELS = ("prediction_id", "label", "known_at", "source")


def make_log(folder: Path, n: int) -> Dataset:
    """A log of ``n`` rows over 50 days, one part a day, labels in a log of their own within two days."""
    numeric = ", ".join(f"random() + ln(1 + random()) AS {c}" for c in NUMERIC)
    levels = ", ".join(
        f"'v' || (floor(random() * {4 * (i + 1)}))::INT AS {c}" for i, c in enumerate(LEVELS)
    )
    db = duckdb.connect()
    db.execute("SELECT setseed(0.5)")
    db.execute(
        f"CREATE TABLE log AS SELECT i AS row, 'p' || i AS prediction_id, TIMESTAMP '{START}' +"
        f" to_seconds(i * {DAYS * 86400} / {n}) AS timestamp, round(random(), 4) AS score, {numeric}, {levels}"
        f" FROM range({n}) r(i)"
    )
    db.execute("ALTER TABLE log ADD COLUMN prediction VARCHAR")
    db.execute("UPDATE log SET prediction = CASE WHEN score >= 0.5 THEN '1' ELSE '0' END")
    parts = []
    for day in range(DAYS):
        path = (
            folder
            / "predictions"
            / f"date=2024-{1 + day // 31:02d}-{1 + day % 31:02d}"
            / "part.parquet"
        )
        path.parent.mkdir(parents=True)
        where = f"WHERE timestamp::DATE = DATE '2024-01-01' + {day}"
        db.execute(f"COPY (FROM log {where}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
        found = db.execute(
            f"SELECT count(*), min(timestamp), max(timestamp) FROM log {where}"
        ).fetchone()
        assert found is not None
        parts.append(Part(str(path), found[0], str(day), found[1], found[2]))
    labels = folder / "labels" / "date=none" / "part.parquet"
    labels.parent.mkdir(parents=True)
    db.execute(
        "COPY (SELECT prediction_id, CASE WHEN random() < score THEN '1' ELSE '0' END AS label,"
        " timestamp + to_microseconds((random() * 172800e6)::BIGINT) AS known_at, 'outcome' AS source"
        f" FROM log) TO '{labels}' (FORMAT parquet, COMPRESSION zstd)"
    )
    db.close()
    return dataset_of(parts, Part(str(labels), n, "labels"))


def dataset_of(parts: list[Part], labels: Part) -> Dataset:
    """The log's schema and parts as one Dataset."""
    columns = [
        Column("timestamp", "timestamp", "time"),
        Column("prediction", "prediction", "categorical"),
    ]
    columns += [Column("score", "score", "numeric")]
    columns += [Column(c, "feature", "numeric") for c in NUMERIC]
    columns += [Column(c, "feature", "categorical") for c in LEVELS]
    names = ("row", "prediction_id", "timestamp", "prediction", "score", *NUMERIC, *LEVELS)
    return Dataset(
        "bench",
        Schema("binary", tuple(columns), ("0", "1"), "1"),
        {
            ("production", "predictions"): Log("predictions", tuple(parts), names, True),
            ("production", "labels"): Log("labels", (labels,), LABELS),
        },
        "bench",
    )


def jobs(dataset: Dataset) -> dict[str, tuple[Callable[[Engine], object], str]]:
    """Each job with the columns of its bare scan."""
    reference = Scope(window=Window(START, datetime(2024, 1, 16)))
    current = Scope(window=Window(datetime(2024, 2, 4), datetime(2024, 2, 19)))
    both = Question(current, reference, ("ks", "tvd"))
    metrics = Question(Scope(), None, ("accuracy", "f1", "roc_auc"))
    daily = Question(Scope(every="day"), None, ("accuracy", "roc_auc"))
    every = ", ".join([*NUMERIC, *LEVELS])
    return {
        "drift: KS of 15 columns, TVD of 5": (lambda e: evaluate.drift(e, dataset, both), every),
        "accuracy, F1, ROC AUC": (
            lambda e: evaluate.performance(e, dataset, metrics),
            "prediction_id, score, prediction",
        ),
        "the same by day": (
            lambda e: evaluate.performance(e, dataset, daily),
            "prediction_id, score, prediction",
        ),
    }


def median_s(
    job: Callable[[Engine], object], repeats: int, opened: Callable[[], Engine]
) -> tuple[float, float]:
    """The medians of a job's seconds passed and seconds of processors, all threads together."""
    times = []
    for _ in range(repeats):
        engine = opened()
        start = time.perf_counter(), time.process_time()
        job(engine)
        times.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    wall, cpu = zip(*times, strict=True)
    return statistics.median(wall), statistics.median(cpu)


def main() -> None:
    """Print one line a job: seconds, the bare scan's, and their ratio, passed and of processors.

    A first ask has an engine that was just opened: it settles the labels and keeps them beside the
    rows. A later one finds them there.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        dataset = make_log(Path(folder), arguments.rows)
        engine = Engine([folder])
        print(f"{arguments.rows:,} rows, median of {arguments.repeats}")
        for name, (job, columns) in jobs(dataset).items():
            picks = ", ".join(f"min({c}), max({c})" for c in columns.split(", "))
            scan = f"SELECT {picks} FROM read_parquet('{folder}/predictions/*/*.parquet')"
            asks = (
                {f"{name}, first ask": lambda: Engine([folder])} if "prediction" in columns else {}
            )
            asks[f"{name}, later ask" if asks else name] = lambda: engine
            job(engine)
            for title, opened in asks.items():
                bare = median_s(
                    lambda e, scan=scan: e.rows(scan), arguments.repeats, lambda: engine
                )
                _print(title, median_s(job, arguments.repeats, opened), bare)


def _print(title: str, took: tuple[float, float], bare: tuple[float, float]) -> None:
    passed, busy = (a / b for a, b in zip(took, bare, strict=True))
    print(
        f"{title:<40} {took[0]:8.3f} s, CPU {took[1]:7.3f} s   bare scan {bare[0]:6.3f} s, CPU"
        f" {bare[1]:6.3f} s   ratio {passed:5.1f}, CPU {busy:5.1f}"
    )
