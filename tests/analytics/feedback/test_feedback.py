"""Volume and negative rate beside pandas and the intervals' definitions, and the laws of counting."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, norm

from analytics.core import Column, Dataset, Log, Part, Question, Schema, Scope, Window
from analytics.evaluate.feedback import feedback, feedback_by, feedback_like
from analytics.feedback.negative import is_negative
from analytics.feedback.negative_rate import negative_rate
from analytics.feedback.volume import volume
from analytics.query.engine import Engine
from analytics.query.feedback import count_said, find_row, find_versions, span_of_feedback
from analytics.query.segment import parse_segment

START = datetime(2026, 1, 5)  # a Monday


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_the_rate_has_wilsons_interval(n_bad: int, n_good: int) -> None:
    n = n_bad + n_good
    found = negative_rate([(0.0, False, n_bad), (1.0, True, n_good)], min_rated=1)
    if n == 0:
        assert found.value is None
        return
    z, p = norm.ppf(0.975), n_bad / n  # Wilson: the p from which the share is z standard errors off
    for end in (found.low, found.high):
        assert end is not None
        if 0 < end < 1:
            assert math.isclose(abs(p - end), z * math.sqrt(end * (1 - end) / n), rel_tol=1e-6)
    assert (found.value, found.n) == (p, n)


@given(st.integers(0, 100_000))
def test_the_volume_has_garwoods_interval(n: int) -> None:
    found = volume(n)
    assert found.low == pytest.approx(chi2.ppf(0.025, 2 * n) / 2 if n else 0.0, rel=1e-8)
    assert found.high == pytest.approx(chi2.ppf(0.975, 2 * n + 2) / 2, rel=1e-8)


@pytest.mark.parametrize(
    ("score", "has_correction", "said"),
    [
        (-1.0, False, True), (0.0, False, True), (0.49, False, True), (0.5, False, False),
        (0.5, True, False), (1.0, True, False), (None, True, True), (None, False, None),
    ],
)  # fmt: skip
def test_what_is_negative(score: float | None, has_correction: bool, said: bool | None) -> None:
    assert is_negative(score, has_correction) is said


def test_too_few_say_so() -> None:
    found = negative_rate([(0.0, False, 29), (None, False, 1000)])
    assert found.value is None and "29" in str(found.reason)
    assert found.detail["n_items"] == 1029


def make_frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """300 predictions of two versions; 500 rows about 400 items, some of rows nobody logged."""
    rng = np.random.default_rng(7)
    predictions = pd.DataFrame(
        {
            "prediction_id": [f"p{i}" for i in range(300)],
            "timestamp": [START + timedelta(hours=i) for i in range(300)],
            "model_version": ["v1"] * 150 + ["v2"] * 150,
            "prediction": rng.choice(["0", "1"], 300),
            "origin": rng.choice(["JFK", "LGA", "EWR"], 300),
            "row": range(300),
        }
    )
    said = pd.DataFrame(
        {
            "feedback_id": [f"f{i % 400}" for i in range(500)],
            "prediction_id": [f"p{(i % 400) * 7 % 330}" for i in range(500)],
            "timestamp": [START + timedelta(hours=float(i % 400)) for i in range(500)],
            "modified_at": [START + timedelta(days=30, seconds=i) for i in range(500)],
            "score": rng.choice([0.0, 1.0, -1.0, 0.75, np.nan], 500),
            "correction": rng.choice(np.array(['"1"', None], dtype=object), 500, p=[0.2, 0.8]),
            "counted": rng.choice(["yes", "no"], 500, p=[0.9, 0.1]),
            "row": range(500),
        }
    )
    return predictions, said


def dataset_of(folder: Path, predictions: pd.DataFrame, said: pd.DataFrame) -> Dataset:
    logs: dict[Any, Log] = {}
    for kind, table in (("predictions", predictions), ("feedback", said)):
        parts = []
        half = len(table) // 2
        for i, piece in enumerate((table.iloc[:half], table.iloc[half:])):
            place = folder / kind / f"date={i}"
            place.mkdir(parents=True, exist_ok=True)
            piece.astype({"row": "int64"}).to_parquet(place / "x.parquet", index=False)
            end = START + timedelta(days=60)
            parts.append(Part(str(place / "x.parquet"), len(piece), f"{kind}{i}", START, end))
        columns = (*table.columns, "date")
        logs["production", kind] = Log(kind, tuple(parts), columns, kind == "predictions")  # type: ignore[arg-type]
    schema = Schema(
        "binary",
        (
            Column("prediction_id", "prediction_id", "categorical"),
            Column("timestamp", "timestamp", "time"),
            Column("model_version", "model_version", "categorical"),
            Column("prediction", "prediction", "categorical"),
            Column("origin", "feature", "categorical"),
        ),
        ("0", "1"),
        "1",
    )
    return Dataset("flights", schema, logs, "f")


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Any]:
    frames = make_frames()
    engine = Engine([tmp_path])
    yield engine, dataset_of(tmp_path, *frames), frames
    engine.close()


def by_pandas(said: pd.DataFrame) -> tuple[int, int, int]:
    """(items, judged, negative) of the latest row of each item that counts."""
    last = said.sort_values("modified_at").groupby("feedback_id").tail(1)
    last = last[last.counted == "yes"]
    negative = (last.score < 0.5) | (last.score.isna() & last.correction.notna())
    judged = last.score.notna() | last.correction.notna()
    return len(last), int(judged.sum()), int(negative.sum())


def counts(result: Any) -> tuple[int, int, int]:
    detail = result.detail
    return detail["n_items"], detail["n_rated"], detail["n_negative"]


def rates(results: list[Any]) -> list[Any]:
    return [r for r in results if r.name == "negative_rate"]


def test_the_whole_log_beside_pandas(asked: Any) -> None:
    engine, dataset, (_predictions, said) = asked
    found = feedback(engine, dataset, Question(Scope()))
    (rate,) = rates(found)
    assert counts(rate) == by_pandas(said)
    assert [r.value for r in found if r.name == "feedback_volume"] == [by_pandas(said)[0]]


def test_weeks_and_windows_beside_pandas(asked: Any) -> None:
    engine, dataset, (_predictions, said) = asked
    window = Window(START + timedelta(days=2), START + timedelta(days=12))
    weekly = rates(feedback(engine, dataset, Question(Scope(window=window, every="week"))))
    assert len(weekly) == 2
    for r in weekly:
        start, end = max(r.window.start, window.start), min(r.window.end, window.end)
        inside = said[(said.timestamp >= start) & (said.timestamp < end)]
        assert counts(r) == by_pandas(inside)


def test_versions_segments_and_values_beside_pandas(asked: Any) -> None:
    engine, dataset, (predictions, said) = asked
    both = said.merge(predictions[["prediction_id", "model_version", "origin"]], on="prediction_id")
    for r in rates(feedback(engine, dataset, Question(Scope(by_version=True)))):
        assert counts(r) == by_pandas(both[both.model_version == r.version])
    segment = parse_segment("origin = 'JFK'", dataset.schema)
    (r,) = rates(feedback(engine, dataset, Question(Scope(segment=segment))))
    assert counts(r) == by_pandas(both[both.origin == "JFK"])
    values = rates(feedback_by(engine, dataset, Question(Scope()), "origin"))
    assert {r.detail["value"] for r in values} == {"JFK", "LGA", "EWR"}
    for r in values:
        assert counts(r) == by_pandas(both[both.origin == r.detail["value"]])
        alike = feedback_like(engine, dataset, Question(Scope()), "origin", r.detail["value"])
        assert alike.detail["n_items"] == r.detail["n_items"]


def test_a_reference_gives_a_verdict(asked: Any) -> None:
    engine, dataset, _frames = asked
    half = START + timedelta(days=8)
    question = Question(Scope(window=Window(half)), Scope(window=Window(None, half)))
    (r,) = rates(feedback(engine, dataset, question))
    assert r.detail["change"] == pytest.approx(r.value - r.detail["reference"])
    assert r.verdict in ("ok", "warning", "critical")


def test_what_is_not_there_is_left_out(asked: Any) -> None:
    engine, dataset, _frames = asked
    assert find_versions(engine, dataset, ["p0", "p200", "p999", "'"]) == {"p0": "v1", "p200": "v2"}
    assert find_versions(engine, dataset, []) == {}
    row = find_row(engine, dataset, "p0")
    assert row is not None and row["model_version"] == "v1" and row["label"] is None
    assert find_row(engine, dataset, "p999") is None
    assert span_of_feedback(engine, dataset) is not None


def test_no_feedback_is_no_error(tmp_path: Path) -> None:
    engine = Engine([tmp_path])
    bare = Dataset("m", dataset_of(tmp_path, *make_frames()).schema, {}, "x")
    assert count_said(engine, bare, Scope()) == []
    assert {r.verdict for r in feedback(engine, bare, Question(Scope()))} == {"undefined"}
    assert feedback_by(engine, bare, Question(Scope()), "origin") == []
    assert span_of_feedback(engine, bare) is None
    engine.close()


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_shuffled_and_repeated_rows_count_the_same(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    n = 40
    said = pd.DataFrame(
        {
            "feedback_id": [f"f{i}" for i in rng.integers(0, 15, n)],
            "prediction_id": "p0",
            "timestamp": START,
            "modified_at": [START + timedelta(seconds=int(s)) for s in rng.permutation(n)],
            "score": rng.choice([0.0, 1.0, np.nan], n),
            "correction": np.array(["1", *[None] * (n - 1)], dtype=object),
            "counted": rng.choice(["yes", "no"], n),
            "row": range(n),
        }
    )
    predictions = pd.DataFrame({"prediction_id": ["p0"], "timestamp": [START], "row": [0]})
    again = pd.concat([said, said.sample(10, random_state=seed)]).sample(frac=1, random_state=seed)
    answers = []
    for table in (said, again.assign(row=range(len(again)))):
        folder = tmp_path_factory.mktemp("log")
        engine = Engine([folder])
        answers.append(count_said(engine, dataset_of(folder, predictions, table), Scope()))
        engine.close()
    assert answers[0] == answers[1]
