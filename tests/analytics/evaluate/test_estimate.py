"""Estimates without labels: which models have them, what they need, and that they say what they assume."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from analytics.core import Column, Question, Schema, Scope, Window
from analytics.errors import LogError, UsageError
from analytics.evaluate.estimate import can_be_estimated, estimate

START, MIDDLE, END = datetime(2026, 1, 1), datetime(2026, 1, 3), datetime(2026, 1, 5)
BEFORE, NOW = Scope(window=Window(START, MIDDLE)), Scope(window=Window(MIDDLE, END), every="day")


@pytest.fixture
def dataset(build):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(2)
    rows, labels = [], []
    for i in range(600):
        score = round(float(rng.random()), 2)
        moment = START + timedelta(minutes=9.6 * i)
        rows.append(
            {"row": i, "prediction_id": f"p{i}", "timestamp": moment, "model_version": "v1",
             "prediction": "1" if score >= 0.5 else "0", "score": score, "distance": 1.0,
             "origin": "JFK"}
        )  # fmt: skip
        if moment < MIDDLE:
            label = "1" if rng.random() < score else "0"
            labels.append({"prediction_id": f"p{i}", "label": label, "known_at": moment})
    return build([rows], [labels])


def test_rows_without_any_label_have_an_estimate(engine, dataset) -> None:
    results = estimate(engine, dataset, Question(NOW, BEFORE))
    assert {r.name for r in results} == {
        "roc_auc", "accuracy", "precision", "recall", "f1", "average_precision",
    }  # fmt: skip
    assert len({r.window.start for r in results}) == 2
    for r in results:
        assert r.value is not None and r.low <= r.value <= r.high and r.n == 150
        assert r.n_labelled is None and r.detail["assumes"] == "no concept drift"
        assert r.detail["method"] == "cbpe" and r.verdict == "ok"
        assert abs(r.value - r.detail["reference"]) < 0.1


def test_what_cannot_be_estimated_says_why(engine, dataset) -> None:
    with pytest.raises(UsageError, match="ece cannot be estimated"):
        estimate(engine, dataset, Question(NOW, BEFORE, ("ece",)))
    with pytest.raises(UsageError, match="needs a reference"):
        estimate(engine, dataset, Question(NOW))
    few = Scope(window=Window(START, START + timedelta(hours=5)))
    with pytest.raises(UsageError, match="too few to calibrate"):
        estimate(engine, dataset, Question(NOW, few))
    bare = replace(dataset, schema=replace(dataset.schema, task="none"))
    assert can_be_estimated(bare) == ()
    with pytest.raises(LogError, match="no probability"):
        estimate(engine, bare, Question(NOW, BEFORE))


def test_several_classes_are_estimated_whole_and_by_class(engine, build) -> None:
    rng = np.random.default_rng(4)
    names = ("a", "b", "c")
    rows, labels = [], []
    for i in range(900):
        score = rng.dirichlet([0.6, 0.6, 0.6])
        moment = START + timedelta(minutes=6.4 * i)
        rows.append(
            {"row": i, "prediction_id": f"p{i}", "timestamp": moment, "model_version": "v1",
             "prediction": names[int(score.argmax())],
             **{f"score_{c}": float(s) for c, s in zip(names, score, strict=True)}}
        )  # fmt: skip
        if moment < MIDDLE:
            label = names[int(rng.choice(3, p=score))]
            labels.append({"prediction_id": f"p{i}", "label": label, "known_at": moment})
    scored = tuple(Column(f"score_{c}", "score", "numeric", c) for c in names)
    base = (Column("prediction_id", "prediction_id", "text"), Column("timestamp", "timestamp", "time"),
            Column("prediction", "prediction", "categorical"))  # fmt: skip
    dataset = build([rows], [labels], schema=Schema("multiclass", (*base, *scored), names))
    results = estimate(engine, dataset, Question(NOW, BEFORE, ("accuracy", "f1_macro", "recall")))
    assert {(r.name, r.detail.get("class")) for r in results} == {
        ("accuracy", None), ("f1_macro", None), *(("recall", c) for c in names),
    }  # fmt: skip
    for r in results:
        assert r.value is not None and r.low < r.value < r.high and r.n in (225, 226, 224)
        assert r.detail["method"] == "cbpe" and abs(r.value - r.detail["reference"]) < 0.15
    few = Scope(window=Window(START, START + timedelta(hours=5)))
    with pytest.raises(UsageError, match="too few to calibrate"):
        estimate(engine, dataset, Question(NOW, few))


def test_losses_of_a_regression_are_learned_on_the_reference(engine, dataset) -> None:
    schema = replace(dataset.schema, task="regression", classes=(), positive=None)
    numbers = replace(dataset, schema=schema)
    assert can_be_estimated(numbers) == ("mae", "mape", "mse", "rmse", "rmsle", "smape")
    results = estimate(engine, numbers, Question(NOW, BEFORE))
    assert {(r.name, r.n) for r in results} == {("mae", 150), ("rmse", 150)}
    for r in results:
        assert r.detail["method"] == "dle" and r.low <= r.value <= r.high
        assert r.value == pytest.approx(r.detail["reference"], abs=0.15)
