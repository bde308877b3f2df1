"""Estimates without labels: which models have them, what they need, and that they say what they assume."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from analytics.core import Column, Question, Schema, Scope, Window
from analytics.errors import LogError, UsageError
from analytics.evaluate.estimate import can_be_estimated, estimate
from analytics.evaluate.past import estimate_with_past
from analytics.evaluate.performance import performance

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


def by_day(build, n_days: int = 12, delay_days: float = 0.0):  # type: ignore[no-untyped-def]
    """A log whose scores are right, with labels that come some days later."""
    rng = np.random.default_rng(11)
    rows, labels = [], []
    for i in range(n_days * 100):
        score = round(float(rng.random()), 2)
        moment = START + timedelta(days=i / 100)
        rows.append(
            {"row": i, "prediction_id": f"p{i}", "timestamp": moment, "model_version": "v1",
             "prediction": "1" if score >= 0.5 else "0", "score": score, "distance": 1.0,
             "origin": "JFK"}
        )  # fmt: skip
        label = "1" if rng.random() < score else "0"
        known = moment + timedelta(days=delay_days)
        labels.append({"prediction_id": f"p{i}", "label": label, "known_at": known})
    return build([rows], [labels])


def test_the_past_has_the_later_labels_beside_each_period(engine, build) -> None:
    dataset = by_day(build)
    question = Question(Scope(every="day"), BEFORE, ("accuracy",))
    found = estimate_with_past(engine, dataset, question, now=START + timedelta(days=20))
    plain = estimate(engine, dataset, question)
    assert [(r.value, r.window) for r in found] == [(r.value, r.window) for r in plain]
    inside = [r for r in found if r.window.start < MIDDLE]
    assert len(inside) == 2 and not any("later" in r.detail for r in inside)
    came = {r.window: r for r in performance(engine, dataset, Question(Scope(every="day"), None, ("accuracy",)))}  # fmt: skip
    for r in found[2:]:
        later = r.detail["later"]
        assert later["value"] == came[r.window].value and later["n_labelled"] == 100
        assert later["miss"] == pytest.approx(r.value - came[r.window].value)
    past = found[0].detail["past"]
    assert (past["n_periods"], past["n_inside"], past["every"]) == (10, 2, "day")
    assert past["n_within"] == 9
    assert past["n_held"] == sum(r.detail["later"]["is_held"] for r in found[2:])
    whole = estimate_with_past(engine, dataset, replace(question, scope=Scope()))
    assert len(whole) == 1 and whole[0].detail["past"]["every"] == "week"
    assert "too few periods" in whole[0].detail["past"]["reason"]


def test_the_past_knows_no_label_that_came_later(engine, build) -> None:
    """The reference's labels take four days: what ended before was estimated with fewer, or not."""
    dataset = by_day(build, delay_days=4)
    question = Question(Scope(every="day"), BEFORE, ("accuracy",))
    found = estimate_with_past(engine, dataset, question, now=START + timedelta(days=30))
    later = {r.window.start.day: r.detail.get("later") for r in found}
    assert [day for day, there in later.items() if there is None] == [1, 2, 3, 4]
    end = datetime(2026, 1, 6)  # 99 or 100 of the first 200 labels were known by then
    then = Scope(window=Window(datetime(2026, 1, 5), end), as_of=end)
    known = estimate(engine, dataset, Question(then, replace(BEFORE, as_of=end), ("accuracy",)))
    plain = next(r for r in found if r.window.start == datetime(2026, 1, 5))
    assert later[5]["miss"] == pytest.approx(known[0].value - later[5]["value"])
    assert known[0].value != plain.value
