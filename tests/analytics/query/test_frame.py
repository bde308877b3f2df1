"""Windows, versions, segments and row cuts pick exactly the rows they name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from analytics import evaluate
from analytics.core import Column, Dataset, Question, Schema, Scope, Window
from analytics.errors import QueryCancelled, QueryError, QueryTimeout, SegmentInvalid
from analytics.query.columns import level_counts, longest_runs, missing_counts, numeric_values
from analytics.query.engine import Cancel, Engine
from analytics.query.groups import count_groups
from analytics.query.segment import parse_segment

T0 = datetime(2024, 1, 30)
SCHEMA = Schema(
    "binary",
    (
        Column("prediction_id", "prediction_id", "text"),
        Column("timestamp", "timestamp", "time"),
        Column("prediction", "prediction", "categorical"),
        Column("score", "score", "numeric"),
        Column("label", "label", "categorical"),
        Column("model_version", "model_version", "categorical"),
    ),
    ("0", "1"),
    "1",
)


@pytest.fixture
def dataset(build: Callable[..., Dataset]) -> Dataset:
    """Ten days of one row a day in two parts, versions v1 then v2."""

    def row(i: int) -> dict[str, Any]:
        return {
            "row": i,
            "prediction_id": str(i),
            "timestamp": T0 + timedelta(days=i),
            "model_version": "v1" if i < 6 else "v2",
            "prediction": "1",
            "score": i / 10,
            "distance": None if i == 3 else float("nan") if i == 4 else float(i),
            "origin": None if i == 2 else "JFK" if i % 2 else "L'GA",
        }

    return build([[row(i) for i in range(4)], [row(i) for i in range(4, 10)]])


def n_rows(engine: Engine, dataset: Dataset, scope: Scope) -> int:
    return sum(g.n for g in count_groups(engine, dataset, scope))


def test_windows_are_half_open(engine: Engine, dataset: Dataset) -> None:
    window = Window(T0 + timedelta(days=2), T0 + timedelta(days=5))
    assert n_rows(engine, dataset, Scope(window=window)) == 3
    assert n_rows(engine, dataset, Scope(window=Window(None, T0))) == 0
    assert n_rows(engine, dataset, Scope(window=Window(T0 + timedelta(days=99), None))) == 0


def test_months_are_cut_in_utc(engine: Engine, dataset: Dataset) -> None:
    groups = count_groups(engine, dataset, Scope(every="month"))
    assert [(g.window.start, g.n) for g in groups] == [
        (datetime(2024, 1, 1), 2),
        (datetime(2024, 2, 1), 8),
    ]
    assert groups[0].window.end == datetime(2024, 2, 1)


def test_row_periods_number_the_whole_log_also_behind_a_window(
    engine: Engine, dataset: Dataset
) -> None:
    groups = count_groups(engine, dataset, Scope(every=4))
    assert [(g.window.first_row, g.window.last_row, g.n) for g in groups] == [
        (0, 3, 4),
        (4, 7, 4),
        (8, 11, 2),
    ]
    late = Scope(window=Window(T0 + timedelta(days=5), None), every=4)
    assert [(g.window.first_row, g.n) for g in count_groups(engine, dataset, late)] == [
        (5, 4),
        (9, 1),
    ]
    rows = Scope(window=Window(first_row=2, last_row=6), version="v1")
    assert n_rows(engine, dataset, rows) == 4


def test_versions_and_segments_filter(engine: Engine, dataset: Dataset) -> None:
    by_version = count_groups(engine, dataset, Scope(by_version=True))
    assert [(g.version, g.n) for g in by_version] == [("v1", 6), ("v2", 4)]
    for text, n in [
        ("origin = 'JFK'", 5),
        ("origin = 'L''GA' and distance > 0", 2),
        ("origin is null", 1),
        ("origin in ('JFK', 'nowhere') AND model_version = 'v2'", 2),
        ("score >= 0.5", 5),
    ]:
        assert n_rows(engine, dataset, Scope(segment=parse_segment(text, dataset.schema))) == n, (
            text
        )


@pytest.mark.parametrize(
    "text",
    [
        "orign = 'JFK'",
        "origin = JFK",
        "distance > 'far'",
        "origin =",
        "origin = 'a' or origin = 'b'",
        "1 = 1; drop",
        "origin in 'a'",
    ],
)
def test_segments_that_cannot_be_read_say_so(text: str, dataset: Dataset) -> None:
    with pytest.raises(SegmentInvalid) as caught:
        parse_segment(text, dataset.schema)
    assert caught.value.do


def test_values_are_bound_not_pasted(engine: Engine, dataset: Dataset) -> None:
    segment = parse_segment("origin = ''' OR 1=1 --'", dataset.schema)
    assert n_rows(engine, dataset, Scope(segment=segment)) == 0


def test_missing_counts_null_and_nan(engine: Engine, dataset: Dataset) -> None:
    both = (None, None)
    found = missing_counts(engine, dataset, Scope(), dataset.schema.features)
    assert found["distance"][both] == (10, 2)
    assert found["origin"][both] == (10, 1)
    values, missing = numeric_values(engine, dataset, Scope(), ["distance"])["distance"][both]
    assert (values.tolist(), missing) == ([0, 1, 2, 5, 6, 7, 8, 9], 2)
    levels = level_counts(engine, dataset, Scope(every=5), ["origin"])["origin"]
    assert levels[(0, None)] == ({"JFK": 2.0, "L'GA": 2.0}, 1)


def test_groups_of_values_split_by_period_and_version(engine: Engine, dataset: Dataset) -> None:
    found = numeric_values(engine, dataset, Scope(every=5, by_version=True), ["score"])["score"]
    assert {key: len(values) for key, (values, _missing) in found.items()} == {
        (0, "v1"): 5,
        (5, "v1"): 1,
        (5, "v2"): 4,
    }


def test_longest_run_follows_log_order(engine: Engine, dataset: Dataset) -> None:
    assert longest_runs(engine, dataset, Scope(), ["origin", "prediction"]) == {
        "origin": (2, 1, 9),
        "prediction": (10, 0, 10),
    }


def test_a_statement_over_its_time_is_stopped(tmp_path: Any) -> None:
    slow = Engine([tmp_path], timeout_s=0.2)
    with pytest.raises(QueryTimeout):
        slow.rows("SELECT count(*) FROM range(100000000) a, range(100000) b")
    assert slow.rows("SELECT 1") == [(1,)]


def test_cancel_stops_and_stays_stopped(engine: Engine) -> None:
    cancel = Cancel()
    cancel.press()
    with pytest.raises(QueryCancelled):
        engine.under(cancel).rows("SELECT 1")


def test_files_outside_the_roots_are_refused(tmp_path: Any) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out.csv").write_text("a\n1\n")
    locked = Engine([tmp_path / "in"])
    with pytest.raises(QueryError):
        locked.rows(f"SELECT * FROM read_csv('{tmp_path}/out.csv')")
    with pytest.raises(QueryError):
        locked.rows("SET enable_external_access = true")


def test_features_may_have_any_name(build: Callable[..., Dataset], engine: Engine) -> None:
    """Names that the SQL uses for itself inside must not clash with those of a log."""
    names = (
        "period",
        "version",
        "weight",
        "ordinal",
        "place",
        "low",
        "high",
        "bin",
        "n",
        "w",
        "rows",
    )
    names += ("label_", "rank", "received", "picked", "settled", "c0", "truth", "predicted")
    rows = [
        {
            "row": i,
            "prediction_id": str(i),
            "timestamp": T0 + timedelta(days=i),
            "prediction": str(i % 2),
            "score": i / 40,
            **{name: float(i) for name in names},
        }
        for i in range(40)
    ]
    labels = [
        {"prediction_id": str(i), "label": str(i % 2), "known_at": T0, "source": "outcome"}
        for i in range(40)
    ]
    columns = (*SCHEMA.columns[:6], *(Column(name, "feature", "numeric") for name in names))
    dataset = build([rows], [labels], replace(SCHEMA, columns=columns))
    for every in (None, "week", 10):
        question = Question(Scope(every=every), Scope())  # type: ignore[arg-type]
        assert all(r.n for r in evaluate.performance(engine, dataset, question))
        drifted = evaluate.drift(engine, dataset, question)
        assert {r.column for r in drifted} >= set(names)
        quality = evaluate.quality(engine, dataset, question)
        missing = [r for r in quality if r.name == "missing_rate"]
        assert {r.value for r in missing} == {0.0}
    assert longest_runs(engine, dataset, Scope(), list(names))["low"] == (1, 1, 40)
