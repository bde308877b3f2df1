"""The SQL behind the main questions is a file, so that a reviewer reads it in the diff.

`make golden` rewrites the files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from analytics import evaluate
from analytics.core import Column, Dataset, Log, Part, Question, Schema, Scope, Window
from analytics.query.beside import Beside
from analytics.query.engine import Arrays, Engine, Kept
from analytics.query.segment import parse_segment
from analytics.summaries.store import Summaries

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
COLUMNS = (
    "row",
    "prediction_id",
    "timestamp",
    "model_version",
    "prediction",
    "score",
    "origin",
    "distance",
)
LABELS = (
    "row",
    "prediction_id",
    "label",
    "known_at",
    "source",
    "queue",
    "sampling_p",
    "received_at",
)
SCHEMA = Schema(
    "binary",
    (
        Column("id", "prediction_id", "text"),
        Column("timestamp", "timestamp", "time"),
        Column("prediction", "prediction", "categorical"),
        Column("score", "score", "numeric"),
        Column("origin", "feature", "categorical"),
        Column("distance", "feature", "numeric"),
    ),
    ("0", "1"),
    "1",
)


class Recorder(Engine):
    """An engine that keeps every statement and answers nothing."""

    def __init__(self, held_rows: int) -> None:
        self.statements: list[str] = []
        self.beside = Beside(held_rows)
        self.n_threads = 2
        self.summaries = Summaries()
        self.is_remembering = False

    def keep(self, sql: str) -> Kept:
        self.statements.append(sql)
        return Kept("kept.t0", 1000)

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        self.statements.append(f"{sql}\n-- {dict(values or {})}")
        if "quantile_cont(delay" in sql:
            return [(0, None)]
        return (
            []
            if "GROUP BY ALL" in sql or "GROUPING SETS" in sql or " AS _bin" in sql
            else [(None,) * 9]
        )

    def arrays(self, sql: str, values: Mapping[str, Any] | None = None) -> Arrays:
        self.statements.append(f"{sql}\n-- {dict(values or {})}")
        return {"_period": [], **{f"c{i}": [] for i in range(9)}}  # type: ignore[dict-item]


def dataset() -> Dataset:
    part = Part("log.parquet", 1000, "f", datetime(2024, 1, 1), datetime(2024, 3, 1))
    labels = Part("labels.parquet", 900, "g", datetime(2024, 1, 2), datetime(2024, 3, 2))
    return Dataset(
        "m",
        SCHEMA,
        {
            ("production", "predictions"): Log("predictions", (part,), COLUMNS, True),
            ("production", "labels"): Log("labels", (labels,), LABELS),
        },
        "f",
    )


def questions() -> dict[str, tuple[Any, Question]]:
    window = Window(datetime(2024, 2, 1), datetime(2024, 3, 1))
    before = Scope(window=Window(datetime(2024, 1, 1), datetime(2024, 2, 1)))
    segment = parse_segment("origin = 'JFK' AND distance > 100", SCHEMA)
    by_week = Scope(window=window, segment=segment, every="week", by_version=True)
    return {
        "performance": (evaluate.performance, Question(by_week, before, ("accuracy", "roc_auc"))),
        "performance-rows": (evaluate.performance, Question(Scope(every=500), None, ("accuracy",))),
        "drift": (evaluate.drift, Question(Scope(window=window), before)),
        "quality": (evaluate.quality, Question(Scope(window=window), before)),
    }


@pytest.mark.parametrize("name", sorted(questions()))
def test_golden_sql(name: str) -> None:
    check(name, Recorder(0), *questions()[name])


def test_golden_sql_with_labels_beside_the_rows() -> None:
    check("performance-beside", Recorder(1000), *questions()["performance"])


def check(name: str, recorder: Recorder, ask: Any, question: Question) -> None:
    ask(recorder, dataset(), question)
    text = "\n\n".join(re.sub(r"datetime\.datetime", "", s) for s in recorder.statements) + "\n"
    file = GOLDEN / f"{name}.sql"
    if os.environ.get("TELLTALE_GOLDEN"):
        file.write_text(text)
    assert file.read_text() == text, "look at the difference, then run `make golden`"
