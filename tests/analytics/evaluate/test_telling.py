"""The column that the answers follow comes first, whatever its type, with holes and with many levels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from analytics.core import Column, Dataset, Schema
from analytics.evaluate.telling import telling_columns
from analytics.query.engine import Engine
from analytics.query.telling import largest_value

FEATURES = {
    "noise": "numeric",
    "leading": "numeric",
    "origin": "categorical",
    "error_type": "categorical",  # another value in every row
}


def schema(task: str) -> Schema:
    features = tuple(Column(name, "feature", kind) for name, kind in FEATURES.items())  # type: ignore[arg-type]
    return Schema(task, (Column("prediction", "prediction", "categorical"), *features))  # type: ignore[arg-type]


def rows(*, is_number: bool, by_town: bool) -> list[dict[str, Any]]:
    rng = np.random.default_rng(3)
    found = []
    for i in range(200):
        leading = float(rng.normal())
        answer = i % 3 if by_town else int(leading > 0)
        prediction = 10.0 * answer + rng.normal() if is_number else answer
        hole = {0: None, 1: float("nan")}.get(i % 17, leading)
        found.append(
            {"row": i, "prediction_id": f"p{i}", "timestamp": datetime(2024, 1, 1)}
            | {"prediction": str(prediction), "noise": float(rng.normal()), "leading": hole}
            | {"origin": f"t{i % 3}", "error_type": f"k{i}"}
        )
    return found


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize(("by_town", "first"), [(False, "leading"), (True, "origin")])
def test_what_the_answers_follow_comes_first(
    build: Callable[..., Dataset], engine: Engine, task: str, by_town: bool, first: str
) -> None:
    log = rows(is_number=task == "regression", by_town=by_town)
    found = telling_columns(engine, build([log], schema=schema(task)), tuple(FEATURES))
    assert found[0] == first
    assert found[-1] == "error_type" and set(found) == set(FEATURES)


def test_without_answers_the_order_stays(build: Callable[..., Dataset], engine: Engine) -> None:
    empty = build([], schema=schema("binary"))
    assert telling_columns(engine, empty, tuple(FEATURES)) == tuple(FEATURES)
    assert largest_value(engine, empty, ["noise"]) == 0.0


def test_the_largest_value(build: Callable[..., Dataset], engine: Engine) -> None:
    log = rows(is_number=False, by_town=True)
    dataset = build([log[:90], log[90:]], schema=schema("binary"))
    assert largest_value(engine, dataset, ["noise"]) == max(row["noise"] for row in log)
