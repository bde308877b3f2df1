"""A tiny log store: Datasets made of real Parquet parts in a temporary folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analytics.core import Column, Dataset, Log, Part, Schema
from analytics.query.engine import Engine

Rows = Sequence[dict[str, Any]]
SCHEMA = Schema(
    "binary",
    (
        Column("prediction_id", "prediction_id", "text"),
        Column("timestamp", "timestamp", "time"),
        Column("model_version", "model_version", "categorical"),
        Column("prediction", "prediction", "categorical"),
        Column("score", "score", "numeric"),
        Column("label", "label", "categorical"),
        Column("distance", "feature", "numeric"),
        Column("origin", "feature", "categorical"),
    ),
    ("0", "1"),
    "1",
)
TYPES = {
    "row": "BIGINT",
    "prediction_id": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "model_version": "VARCHAR",
    "prediction": "VARCHAR",
    "score": "DOUBLE",
    "distance": "DOUBLE",
    "origin": "VARCHAR",
    "label": "VARCHAR",
    "known_at": "TIMESTAMP",
    "source": "VARCHAR",
    "queue": "VARCHAR",
    "sampling_p": "DOUBLE",
    "received_at": "TIMESTAMP",
    "status": "VARCHAR",
    "error_type": "VARCHAR",
    "error_message": "VARCHAR",
    "stack_trace": "VARCHAR",
    "latency_ms": "DOUBLE",
    **dict.fromkeys(("uuid", "event", "user_id", "session_id", "decision", "arm"), "VARCHAR"),
    "initial_decision": "VARCHAR",
    "final_decision": "VARCHAR",
    "confidence": "DOUBLE",
}


def write_part(folder: Path, name: str, rows: Rows) -> Part:
    """Write rows as one Parquet part."""
    columns = list(rows[0])
    target = folder / "date=none"
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"{name}.parquet"
    connection = duckdb.connect()
    declared = ", ".join(f'"{c}" {TYPES.get(c, "DOUBLE")}' for c in columns)
    connection.execute(f"CREATE TABLE t ({declared})")
    marks = ", ".join("?" for _ in columns)
    connection.executemany(
        f"INSERT INTO t VALUES ({marks})", [[r[c] for c in columns] for r in rows]
    )
    connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    connection.close()
    times: list[datetime] = [r["timestamp"] for r in rows if r.get("timestamp")]
    start, end = (min(times), max(times)) if times else (None, None)
    return Part(str(path), len(rows), name, start, end)


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Dataset]:
    """Build a Dataset from lists of rows, one list a part."""
    return _builder(tmp_path)


@pytest.fixture(scope="module")
def build_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Dataset]:
    """The same for what all tests of a file share."""
    return _builder(tmp_path_factory.mktemp("logs"))


def _builder(folder: Path) -> Callable[..., Dataset]:
    built = count()

    def make(
        predictions: Sequence[Rows],
        labels: Sequence[Rows] = (),
        schema: Schema = SCHEMA,
        resources: Sequence[Rows] = (),
        events: Sequence[Rows] = (),
        errors: Sequence[Rows] = (),
    ) -> Dataset:
        logs, place = {}, folder / str(next(built))  # the engine remembers files by their names
        given = {"predictions": predictions, "labels": labels, "resources": resources}
        given |= {"events": events, "errors": errors}
        for kind, parts in given.items():
            written = [
                write_part(place / kind, f"{kind}{i}", rows) for i, rows in enumerate(parts) if rows
            ]
            columns = tuple(dict.fromkeys(c for rows in parts if rows for c in rows[0]))
            logs[("production", kind)] = Log(kind, tuple(written), columns)  # type: ignore[arg-type]
        return Dataset("m", schema, logs, "f")  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """One engine over everything the tests write."""
    return Engine([tmp_path_factory.getbasetemp().parent])
