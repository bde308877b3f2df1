"""The generated log of the benchmarks: 15 numbers, 5 columns of levels, labels in a log of their own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from analytics.core import Column, Dataset, Log, Part, Schema
from analytics.query.aligned import Rows, aligned_sql, describe, folder_of
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


def read_log(folder: Path, rows: int) -> Dataset:
    """The generated log from its files, as a process finds it."""
    files = sorted(folder.glob("predictions/*/part.parquet"))
    parts = [Part(str(path), rows // len(files), path.parent.name) for path in files]
    labels = Part(str(folder / "labels" / "date=none" / "part.parquet"), rows, "labels")
    return dataset_of(parts, labels)


def put_labels(folder: Path, dataset: Dataset) -> None:
    """The labels beside the rows in ``folder``, as an import leaves them."""
    rows = Rows(dataset, "production")
    parts = rows.predictions.parts
    place = folder_of(folder, rows)
    place.mkdir(parents=True)
    file = place / f"{rows.key}-made.parquet"
    sql = aligned_sql(rows, parts, is_known_once=True)
    engine = Engine([folder, *{Path(part.path).parents[2] for part in parts}])
    n = engine.rows(f"COPY ({sql}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")[0][0]
    engine.close()
    assert n == sum(part.n_rows for part in parts)
    file.with_suffix(".json").write_text(describe(rows, parts, file.stat().st_size))
