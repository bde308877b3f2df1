"""Whole questions over small logs: what is missing is said, and what is there is counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analytics import evaluate
from analytics.core import Dataset, Question, Result, Scope, Window
from analytics.errors import LogError, NameUnknown, UsageError
from analytics.query.engine import Engine

T0 = datetime(2024, 1, 1)
N = 400
Build = Callable[..., Dataset]


def log(
    seed: int, n: int = N, shift: float = 0.0, place: str = "JFK"
) -> tuple[list[Any], list[Any]]:
    """A log of one prediction an hour, with labels six hours later."""
    rng = np.random.default_rng(seed)
    predictions, labels = [], []
    for i in range(n):
        score = float(rng.random())
        truth = rng.random() < score
        when = T0 + timedelta(hours=i)
        predictions.append(
            {
                "row": i,
                "prediction_id": f"{seed}-{i}",
                "timestamp": when,
                "model_version": "v1" if i < n // 2 else "v2",
                "prediction": str(int(score >= 0.5)),
                "score": score,
                "distance": float(rng.normal(shift, 1)),
                "origin": place if i % 2 else "LGA",
            }
        )
        labels.append(
            {
                "prediction_id": f"{seed}-{i}",
                "label": str(int(truth)),
                "known_at": when + timedelta(hours=6),
                "source": "outcome",
            }
        )
    return predictions, labels


def with_reference(build: Build, seed: int = 1, **changed: Any) -> Dataset:
    """A dataset whose reference is a log of its own."""
    predictions, labels = log(seed, **changed)
    before, known = log(99)
    current = build([predictions], [labels])
    reference = build([[], before], [[], known])
    logs = {**current.logs}
    for kind in ("predictions", "labels"):
        logs[("reference", kind)] = reference.logs[("production", kind)]  # type: ignore[index]
    return replace(current, logs=logs)


def by_name(results: list[Result]) -> dict[tuple[str, str | None], Result]:
    return {(r.name, r.column): r for r in results}


def test_every_result_is_plain_json(build: Build, engine: Engine) -> None:
    from app.cli.questions import result_json

    dataset = with_reference(build)
    question = Question(Scope(), Scope("reference"))
    now = T0 + timedelta(hours=N)
    results = evaluate.performance(engine, dataset, question, now=now)
    results += evaluate.drift(engine, dataset, question)
    results += evaluate.quality(engine, dataset, question, now=now)
    assert results
    for result in results:
        text = json.dumps(result_json(result), allow_nan=False)
        assert json.loads(text)["n"] == N
        if result.value is None:
            assert result.reason and result.verdict == "undefined", result
        elif result.name not in ("volume", "freshness"):
            assert result.interval or result.name in (
                "chi2",
                "g",
                "psi",
                "js",
                "wasserstein",
                "frozen",
            ), result


def test_shift_and_new_place_are_found_and_calm_is_calm(build: Build, engine: Engine) -> None:
    question = Question(Scope(), Scope("reference"))
    calm = by_name(evaluate.drift(engine, with_reference(build), question))
    assert {r.verdict for r in calm.values()} <= {"ok", "undefined"}
    moved = by_name(evaluate.drift(engine, with_reference(build, shift=1.0, place="ACK"), question))
    assert moved[("ks", "distance")].verdict == "critical"
    assert moved[("unseen_rate", "origin")].verdict == "critical"
    assert moved[("unseen_rate", "origin")].value == 0.5
    assert moved[("ks", "score")].verdict == "ok"


def test_without_labels_what_needs_them_says_so(build: Build, engine: Engine) -> None:
    predictions, _labels = log(1)
    results = by_name(evaluate.performance(engine, build([predictions]), Question(Scope())))
    assert results[("accuracy", None)].value is None
    assert results[("accuracy", None)].reason == "no labels yet"
    assert results[("positive_rate", None)].value is not None


def test_few_labels_give_a_value_and_no_verdict(build: Build, engine: Engine) -> None:
    predictions, labels = log(1)
    (found,) = evaluate.performance(
        engine, build([predictions], [labels[:20]]), Question(Scope(), names=("accuracy",))
    )
    assert found.value is not None
    assert found.verdict == "undefined"
    assert "too few labels (20" in (found.reason or "")
    assert found.n == N and found.n_labelled == 20


def test_as_of_an_earlier_moment(build: Build, engine: Engine) -> None:
    dataset = build([log(1)[0]], [log(1)[1]])
    as_of = T0 + timedelta(hours=100)
    (found,) = evaluate.performance(
        engine, dataset, Question(Scope(as_of=as_of), names=("accuracy",)), now=as_of
    )
    assert found.n == 101
    assert found.n_labelled == 95
    assert found.detail["maturity"] == "provisional"


def test_all_labels_in_is_settled(build: Build, engine: Engine) -> None:
    dataset = build([log(1)[0]], [log(1)[1]])
    (found,) = evaluate.performance(
        engine, dataset, Question(Scope(), names=("accuracy",)), now=T0 + timedelta(days=90)
    )
    assert found.detail["maturity"] == "settled"
    assert found.detail["coverage"] == 1.0


def test_versions_and_days_partition_the_log(build: Build, engine: Engine) -> None:
    dataset = build([log(1)[0]], [log(1)[1]])
    scope = Scope(every="day", by_version=True)
    results = evaluate.performance(engine, dataset, Question(scope, names=("accuracy",)))
    assert sum(r.n for r in results) == N
    assert {r.version for r in results} == {"v1", "v2"}
    assert all(r.window.end - r.window.start == timedelta(days=1) for r in results)  # type: ignore[operator]


def test_a_log_of_features_only(build: Build, engine: Engine) -> None:
    dataset = with_reference(build)
    bare = replace(dataset, schema=replace(dataset.schema, task="none"))
    with pytest.raises(LogError) as caught:
        evaluate.performance(engine, bare, Question(Scope()))
    assert caught.value.do
    assert evaluate.quality(engine, bare, Question(Scope()))


def test_names_that_do_not_exist_say_what_was_meant(build: Build, engine: Engine) -> None:
    dataset = with_reference(build)
    with pytest.raises(NameUnknown, match="accurcy") as caught:
        evaluate.performance(engine, dataset, Question(Scope(), names=("accurcy",)))
    assert "accuracy" in caught.value.do
    with pytest.raises(UsageError, match="reference"):
        evaluate.drift(engine, dataset, Question(Scope()))
    with pytest.raises(NameUnknown):
        evaluate.drift(engine, dataset, Question(Scope(), Scope("reference"), columns=("distnce",)))


def test_an_empty_window_has_no_results(build: Build, engine: Engine) -> None:
    dataset = with_reference(build)
    scope = Scope(window=Window(T0 - timedelta(days=9), T0 - timedelta(days=8)))
    question = Question(scope, Scope("reference"))
    assert evaluate.performance(engine, dataset, question) == []
    assert evaluate.drift(engine, dataset, question) == []
    assert evaluate.quality(engine, dataset, question) == []


def test_a_frozen_column_is_found(build: Build, engine: Engine) -> None:
    predictions, labels = log(1)
    for row in predictions[150:]:
        row["distance"] = 3.0
    dataset = with_reference(build)
    stuck = build([predictions], [labels])
    dataset = replace(dataset, logs={**dataset.logs, **stuck.logs})
    found = by_name(
        evaluate.quality(engine, dataset, Question(Scope(), Scope("reference"), ("frozen",)))
    )
    assert found[("frozen", "distance")].verdict in ("warning", "critical")
    assert found[("frozen", "origin")].verdict == "ok"
