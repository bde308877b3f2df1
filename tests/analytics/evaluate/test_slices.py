"""Weak slices of a log: the planted one is found, calm logs stay calm, the numbers are the log's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from analytics.core import Column, Dataset, Log, Part, Question, Schema, Scope
from analytics.errors import UsageError
from analytics.evaluate import slices
from analytics.query.engine import Engine

QUESTION = Question(Scope())
Logged = Callable[..., tuple[Dataset, pd.DataFrame]]


@pytest.fixture
def logged(tmp_path: Path) -> Logged:
    """A log of random rows; with ``gap`` the errors of one pair of conditions are raised by it."""

    def make(seed: int, n: int = 8000, gap: float = 0.0) -> tuple[Dataset, pd.DataFrame]:
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(
            {
                "row": np.arange(n),
                "prediction_id": [f"s{seed}-{i}" for i in range(n)],
                "origin": rng.choice(["JFK", "LGA", "EWR", None], n, p=[0.4, 0.3, 0.25, 0.05]),
                "distance": rng.normal(size=n),
                "age": rng.exponential(size=n),
                "kind": rng.choice([f"k{i}" for i in range(6)], n),
            }
        )
        planted = (frame["origin"] == "LGA") & (frame["distance"] > 0.6745)
        truth = rng.random(n) < 0.4
        wrong = rng.random(n) < 0.15 + gap * planted
        frame["label"] = truth.astype(int).astype(str)
        frame["prediction"] = (truth ^ wrong).astype(int).astype(str)
        frame["wrong"] = wrong
        return write(tmp_path, f"log{seed}", frame), frame

    return make


def write(folder: Path, name: str, frame: pd.DataFrame) -> Dataset:
    logs: dict[Any, Log] = {}
    features = ["origin", "distance", "age", "kind"]
    kinds = {
        "predictions": ["row", "prediction_id", "prediction", *features],
        "labels": ["prediction_id", "label"],
    }
    kinds["labels"] += [name for name in ("queue", "sampling_p") if name in frame]
    for kind, columns in kinds.items():
        place = folder / kind / "date=none"
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{name}.parquet"
        picked = frame[columns]  # DuckDB reads the name
        with duckdb.connect() as connection:
            connection.register("picked", picked)
            connection.execute(f"COPY picked TO '{path}' (FORMAT parquet)")
        logs[("production", kind)] = Log(
            kind,  # type: ignore[arg-type]
            (Part(str(path), len(frame), name, None, None),),
            tuple(columns),
        )
    schema = Schema(
        "binary",
        (
            Column("prediction", "prediction", "categorical"),
            Column("label", "label", "categorical"),
            Column("origin", "feature", "categorical"),
            Column("distance", "feature", "numeric"),
            Column("age", "feature", "numeric"),
            Column("kind", "feature", "categorical"),
        ),
        classes=("0", "1"),
        positive="1",
    )
    return Dataset("m", schema, logs, name)


def test_a_planted_slice_is_named_and_its_numbers_are_those_of_the_log(
    engine: Engine, logged: Logged
) -> None:
    dataset, frame = logged(1, gap=0.25)
    first, *_others = slices(engine, dataset, QUESTION)
    conditions = {c["column"]: c for c in first.detail["conditions"]}
    assert conditions["origin"] == {"column": "origin", "operator": "=", "value": "LGA"}
    assert conditions["distance"]["operator"] == ">"
    inside = frame[
        (frame["origin"] == "LGA") & (frame["distance"] > conditions["distance"]["value"])
    ]
    assert first.detail["n_all"] == len(inside)
    assert first.verdict == "critical"
    # half of its rows stand behind the value: the whole slice lies within the interval
    assert first.low < 1 - inside["wrong"].mean() < first.high
    assert first.n == pytest.approx(len(inside) / 2, rel=0.2)
    outside = frame.drop(inside.index)
    assert first.detail["rest"] == pytest.approx(1 - outside["wrong"].mean(), abs=0.02)


def test_rows_that_were_drawn_count_for_those_that_were_not(
    engine: Engine, logged: Logged, tmp_path: Path
) -> None:
    """Every second wrong row was drawn: each stands for two."""
    _dataset, frame = logged(1, gap=0.25)
    drawn = frame.assign(queue="plan", sampling_p=np.where(frame["wrong"], 0.5, 1.0))
    first = slices(engine, write(tmp_path, "drawn", drawn), QUESTION)[0]
    conditions = {c["column"]: c for c in first.detail["conditions"]}
    inside = drawn[
        (drawn["origin"] == "LGA") & (drawn["distance"] > conditions["distance"]["value"])
    ]
    weight = 1 / inside["sampling_p"]
    assert first.low < 1 - (weight * inside["wrong"]).sum() / weight.sum() < first.high
    assert not first.low < 1 - inside["wrong"].mean() < first.high


def test_planted_slices_stand_among_the_first_three(engine: Engine, logged: Logged) -> None:
    found = 0
    for seed in range(10, 22):
        dataset, _frame = logged(seed, gap=0.2)
        weak = [r for r in slices(engine, dataset, QUESTION)[:3] if r.verdict != "ok"]
        found += any({"origin", "distance"} == {c["column"] for c in r.detail["conditions"]} for r in weak)  # fmt: skip
    assert found >= 11


def test_a_calm_log_has_no_weak_slice(engine: Engine, logged: Logged) -> None:
    flagged = 0
    for seed in range(40, 60):
        dataset, _frame = logged(seed, n=3000)
        flagged += any(r.verdict != "ok" for r in slices(engine, dataset, QUESTION))
    assert flagged <= 4  # at 5 % more than four of twenty come once in 400 times


def test_columns_can_be_named_and_unknown_ones_are_refused(engine: Engine, logged: Logged) -> None:
    dataset, _frame = logged(1, gap=0.25)
    only = slices(engine, dataset, replace(QUESTION, columns=("origin", "kind")))
    assert only
    assert {c["column"] for r in only for c in r.detail["conditions"]} <= {"origin", "kind"}
    with pytest.raises(UsageError, match="colour is no feature"):
        slices(engine, dataset, replace(QUESTION, columns=("colour",)))


def test_without_labels_or_predictions_there_is_nothing_to_find(
    engine: Engine, logged: Logged
) -> None:
    dataset, _frame = logged(1)
    bare = replace(dataset, logs={k: v for k, v in dataset.logs.items() if k[1] == "predictions"})
    assert slices(engine, bare, QUESTION) == []
    with pytest.raises(UsageError, match="no prediction"):
        slices(engine, replace(dataset, schema=replace(dataset.schema, task="none")), QUESTION)
