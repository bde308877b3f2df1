"""The generated log of the benchmarks: 34 columns, 15 numbers and 5 columns of levels among them; labels in a log of their own."""

from __future__ import annotations

from datetime import datetime, timedelta
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
NAMES = (
    "row", "prediction_id", "timestamp", "model_version", "prediction", "score", "latency_ms",
    "status", "error_type", "error_message", "user_id", "session_id", "region", *NUMERIC, *LEVELS,
)  # fmt: skip


SQL = """
SELECT i AS row, 'p' || i AS prediction_id,
  TIMESTAMP '{start}' + to_microseconds((i::HUGEINT * {days} * 86400000000 // {n})::BIGINT) AS timestamp,
  CASE WHEN i < {n} * 2 // 5 THEN 'v1' ELSE 'v2' END AS model_version,
  CASE WHEN score >= 0.5 THEN '1' ELSE '0' END AS prediction, score,
  exp(2.5 + 0.8 * (u1 + u2 - 1)) AS latency_ms,
  CASE WHEN u3 < 0.002 THEN 'error' ELSE 'ok' END AS status,
  CASE WHEN u3 < 0.001 THEN 'Timeout' WHEN u3 < 0.002 THEN 'KeyError' END AS error_type,
  CASE WHEN u3 < 0.002 THEN 'request ' || i || ' failed' END AS error_message,
  'u' || hash(i * 64 + 5) % 50000 AS user_id, 's' || i // 7 AS session_id,
  'r' || hash(i * 64 + 6) % 8 AS region, {numeric}, {levels}
FROM (SELECT i, round({score}, 4) AS score, {u1} AS u1, {u2} AS u2, {u3} AS u3
  FROM range({first}, {end}) r(i))
"""


def uniform(k: int) -> str:
    """SQL of an even number between 0 and 1 that belongs to row ``i``: the same in any order."""
    return f"((hash(i * 64 + {k}) >> 11)::DOUBLE / 9007199254740992)"


def rows_sql(n: int, first: int, end: int, days: int = DAYS) -> str:
    """The rows from ``first`` to ``end`` of a log of ``n`` rows: 33 columns, and the day as the 34th."""
    numeric = ", ".join(
        f"{uniform(20 + 2 * i)} + ln(1 + {uniform(21 + 2 * i)}) AS {c}"
        for i, c in enumerate(NUMERIC)
    )
    levels = ", ".join(
        f"'v' || hash(i * 64 + {10 + j}) % {4 * (j + 1)} AS {c}" for j, c in enumerate(LEVELS)
    )
    u1, u2, u3, score = (uniform(k) for k in (1, 2, 3, 4))
    return SQL.format(
        start=START, days=days, n=n, first=first, end=end, numeric=numeric, levels=levels,
        u1=u1, u2=u2, u3=u3, score=score,
    )  # fmt: skip


def labels_sql(n: int, first: int, end: int, days: int = DAYS) -> str:
    """Their labels: known within two days."""
    return (
        f"SELECT prediction_id, CASE WHEN {uniform(7)} < score THEN '1' ELSE '0' END AS label,"
        f" timestamp + to_microseconds(({uniform(8)} * 172800e6)::BIGINT) AS known_at, 'outcome' AS source"
        f" FROM (SELECT row AS i, * FROM ({rows_sql(n, first, end, days)}))"
    )


def bounds(n: int, day: int, days: int = DAYS) -> tuple[int, int]:
    """The rows of one day: from, to."""
    return -(-n * day // days), -(-n * (day + 1) // days)


def make_log(folder: Path, n: int) -> Dataset:
    """A log of ``n`` rows over 50 days, one part a day, labels in a log of their own within two days.

    A day at a time is in memory, whatever ``n`` is; the same ``n`` gives the same rows.
    """
    db, parts = duckdb.connect(), []
    for day in range(DAYS):
        date = START + timedelta(days=day)
        path = folder / "predictions" / f"date={date:%Y-%m-%d}" / "part.parquet"
        path.parent.mkdir(parents=True)
        first, end = bounds(n, day)
        write(db, rows_sql(n, first, end), path)
        found = db.execute(f"SELECT min(timestamp), max(timestamp) FROM '{path}'").fetchone()
        assert found is not None
        parts.append(Part(str(path), end - first, str(day), *found))
    labels = folder / "labels" / "date=none" / "part.parquet"
    labels.parent.mkdir(parents=True)
    write(db, labels_sql(n, 0, n), labels)
    db.close()
    return dataset_of(parts, Part(str(labels), n, "labels"))


def write(db: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    """The rows of a statement as a file."""
    db.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


def dataset_of(parts: list[Part], labels: Part) -> Dataset:
    """The log's schema and parts as one Dataset."""
    columns = [
        Column("timestamp", "timestamp", "time"),
        Column("model_version", "model_version", "categorical"),
        Column("prediction", "prediction", "categorical"),
        Column("score", "score", "numeric"),
        Column("latency_ms", "latency_ms", "numeric"),
        Column("status", "status", "categorical"),
    ]
    columns += [Column("region", "segment", "categorical")]
    columns += [Column(c, "feature", "numeric") for c in NUMERIC]
    columns += [Column(c, "feature", "categorical") for c in LEVELS]
    return Dataset(
        "bench",
        Schema("binary", tuple(columns), ("0", "1"), "1"),
        {
            ("production", "predictions"): Log("predictions", tuple(parts), NAMES, True),
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
