"""Plans over real logs: what is known counts as it is, what is drawn is read back, all labelled is exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analytics.core import Column, Dataset, Question, Schema, Scope, Window
from analytics.errors import LogEmpty, NameUnknown, UsageError
from analytics.evaluate import performance
from analytics.evaluate.plan import plan_labels, plannable_metrics, read_plan
from analytics.evaluate.plan_slice import read_plan_slice
from analytics.query.engine import Engine
from analytics.query.pool import read_pool
from analytics.query.segment import parse_segment

START = datetime(2026, 1, 1)
N = 600
NUMBERS = Schema(
    "regression",
    (
        Column("prediction_id", "prediction_id", "text"),
        Column("timestamp", "timestamp", "time"),
        Column("prediction", "prediction", "numeric"),
        Column("distance", "feature", "numeric"),
        Column("origin", "feature", "categorical"),
    ),
)
Build = Callable[..., Dataset]


def rows(n: int = N) -> tuple[list[dict[str, Any]], list[str]]:
    """Predictions of a binary model that is wrong where distance is high, and the truth of each."""
    rng = np.random.default_rng(1)
    found, truth = [], []
    for i in range(n):
        distance = float(rng.uniform(0, 10))
        score = float(rng.uniform(0.6, 0.99))
        wrong = rng.random() < (0.5 if distance > 8 else 0.04)
        truth.append("0" if wrong else "1")
        found.append(
            {
                "row": i,
                "prediction_id": f"p{i:04}",
                "timestamp": START + timedelta(minutes=i),
                "model_version": "v1",
                "prediction": "1",
                "score": score,
                "distance": distance if i % 17 else None,
                "origin": "ABC"[i % 3],
            }
        )
    return found, truth


def labelled(truth: list[str], places: Any, **more: Any) -> list[dict[str, Any]]:
    known = START + timedelta(days=2)
    row = {"known_at": known, "source": "outcome", "queue": None, "sampling_p": None} | more
    return [{"prediction_id": f"p{i:04}", "label": truth[i], **row} for i in places]


def with_labels(dataset: Dataset, build: Build, labels: list[list[dict[str, Any]]]) -> Dataset:
    """The same dataset with label parts."""
    log = build([], labels, dataset.schema).logs[("production", "labels")]
    return replace(dataset, logs={**dataset.logs, ("production", "labels"): log})


def test_every_row_labelled_gives_the_metric_itself(build: Build, engine: Engine) -> None:
    predictions, truth = rows()
    first = labelled(truth, range(0, N, 3))
    dataset = build([predictions], [first])
    plan = plan_labels(engine, dataset, Scope(), "accuracy", 0.0001)
    assert (plan.n_known, plan.need.n_pool, plan.need.n) == (200, 400, 400)
    everything = with_labels(dataset, build, [labelled(truth, range(N))])
    found = read_plan(engine, everything, Scope(), plan).result
    expected = performance(engine, everything, Question(Scope(), names=("accuracy",)))[0]
    assert found.value == pytest.approx(expected.value)
    assert found.low == found.high == pytest.approx(found.value)
    assert (found.n, found.n_labelled) == (N, N)


def test_labels_come_the_interval_shrinks_and_holds(build: Build, engine: Engine) -> None:
    predictions, truth = rows()
    dataset = build([predictions], [labelled(truth, range(0, N, 4))])
    plan = plan_labels(engine, dataset, Scope(), "accuracy", 0.03, seed=2)
    assert 30 <= plan.need.n < plan.need.n_random < 450
    assert len(plan.ids) == min(2 * plan.need.n, 450)
    drawn = [int(i[1:]) for i in plan.ids]
    assert not {i for i in drawn if i % 4 == 0}
    chosen = labelled(truth, drawn[:100], source="annotator", queue="active", sampling_p=0.3)
    ahead = labelled(truth, drawn[150:155], source="annotator", queue="active", sampling_p=0.3)
    later = with_labels(dataset, build, [labelled(truth, range(0, N, 4)), chosen, ahead])
    found = read_plan(engine, later, Scope(), plan)
    right = np.mean([t == "1" for t in truth])
    result = found.result
    assert result.low is not None and result.high is not None
    assert result.low <= right <= result.high
    assert (result.detail["n_from_plan"], found.n_behind, found.is_reached) == (100, 5, False)
    assert result.detail["is_provisional"] is True
    widths = [high - low for _n, low, _value, high in found.path]
    assert found.path[-1][0] == 100 and widths[-1] < widths[5]


def test_rows_that_nobody_could_label_are_left_out(build: Build, engine: Engine) -> None:
    predictions, truth = rows(120)
    dataset = build([predictions])
    plan = plan_labels(engine, dataset, Scope(), "accuracy", 0.001)
    lost = set(plan.ids[3:8])
    rest = [int(i[1:]) for i in plan.ids if i not in lost]
    later = with_labels(dataset, build, [labelled(truth, rest)])
    assert read_plan(engine, later, Scope(), plan).result.detail["n_from_plan"] == 3
    found = read_plan(engine, later, Scope(), plan, lost)
    expected = np.mean([truth[i] == "1" for i in rest])
    assert found.result.value == pytest.approx(expected)
    assert found.n_lost == 5


def test_a_correction_is_known_and_still_enters_no_headline(build: Build, engine: Engine) -> None:
    predictions, truth = rows(100)
    hard = labelled(truth, range(10), source="annotator", queue="uncertain")
    dataset = build([predictions], [labelled(truth, range(50, 60)), hard])
    plan = plan_labels(engine, dataset, Scope(), "accuracy", 0.05)
    assert plan.n_known == 20
    headline = performance(engine, dataset, Question(Scope(), names=("accuracy",)))[0]
    assert headline.n_labelled == 10


def test_a_slice_and_a_window_have_plans_of_their_own(build: Build, engine: Engine) -> None:
    predictions, truth = rows()
    dataset = build([predictions], [labelled(truth, range(0, N, 2))])
    window = Window(START, START + timedelta(minutes=300))
    scope = Scope(window=window, segment=parse_segment("origin = 'A'", dataset.schema))
    plan = plan_labels(engine, dataset, scope, "brier", 0.02)
    assert plan.n_rows == 100 and plan.n_known == 50
    assert all(int(i[1:]) % 3 == 0 and int(i[1:]) < 300 for i in plan.ids)


def test_errors_of_numbers(build: Build, engine: Engine) -> None:
    rng = np.random.default_rng(3)
    n = 900
    distance = rng.uniform(0, 10, n)
    error = rng.normal(size=n) * (0.5 + distance**2 / 10)
    predictions = [
        {
            "row": i,
            "prediction_id": f"p{i:04}",
            "timestamp": START + timedelta(minutes=i),
            "prediction": 50.0,
            "distance": float(distance[i]),
            "origin": "A",
        }
        for i in range(n)
    ]
    labels = [
        {"prediction_id": f"p{i:04}", "label": 50.0 - float(error[i]), "source": "outcome"}
        for i in range(n)
    ]
    dataset = build([predictions], [labels[::3]], NUMBERS)
    plan = plan_labels(engine, dataset, Scope(), "mae", 0.3)
    everything = with_labels(dataset, build, [labels])
    assert plan.need.n < 0.9 * plan.need.n_random
    found = read_plan(engine, everything, Scope(), plan).result
    assert found.low is not None and found.high is not None
    assert found.low <= np.abs(error).mean() <= found.high


def test_answers_without_a_loss_are_left_out_of_both_sides(build: Build, engine: Engine) -> None:
    predictions, truth = rows(200)
    for i in range(0, 200, 10):
        predictions[i]["score"] = float("nan")
        predictions[i + 1]["distance"] = float("inf")
    dataset = build([predictions], [labelled(truth, range(0, 200, 2))])
    plan = plan_labels(engine, dataset, Scope(), "brier", 0.0001)
    assert (plan.n_known, plan.need.n_pool) == (80, 100)
    everything = with_labels(dataset, build, [labelled(truth, range(200))])
    found = read_plan(engine, everything, Scope(), plan).result
    expected = performance(engine, everything, Question(Scope(), names=("brier",)))[0]
    assert found.value == pytest.approx(expected.value)


def test_what_cannot_be_planned_says_so(build: Build, engine: Engine) -> None:
    predictions, truth = rows(60)
    dataset = build([predictions], [labelled(truth, range(60))])
    assert plannable_metrics(dataset) == ("accuracy", "brier", "log_loss")
    with pytest.raises(UsageError, match="has a label already"):
        plan_labels(engine, dataset, Scope(), "accuracy", 0.01)
    with pytest.raises(NameUnknown, match="roc_auc"):
        plan_labels(engine, dataset, Scope(), "roc_auc", 0.01)
    with pytest.raises(UsageError, match="no goal"):
        plan_labels(engine, dataset, Scope(), "accuracy", 0.0)
    with pytest.raises(LogEmpty):
        empty = Scope(window=Window(START - timedelta(days=9), START - timedelta(days=8)))
        plan_labels(engine, dataset, empty, "accuracy", 0.01)


def test_an_empty_pool_has_the_shape_of_a_full_one(build: Build, engine: Engine) -> None:
    predictions, _truth = rows(10)
    dataset = build([predictions])
    features = list(dataset.schema.features)
    found = read_pool(
        engine,
        dataset,
        Scope(window=Window(datetime(1999, 1, 1), datetime(1999, 1, 2))),
        features,
        most=9,
    )
    assert found.ids == () and set(found.features) == {"distance", "origin"}
    assert read_pool(engine, dataset, Scope(), features, most=4).y_true.tolist() == [None] * 4


def test_a_slice_is_read_from_the_same_labels_without_bias(build: Build, engine: Engine) -> None:
    """Over redrawn plans the slice's number is right on average, and its interval holds it."""
    predictions, truth = rows()
    known = labelled(truth, range(0, N, 10))
    dataset = build([predictions], [known])
    scope = Scope(segment=parse_segment("origin = 'B'", dataset.schema))
    right = float(np.mean([truth[i] == "1" for i in range(N) if i % 3 == 1]))
    made_at = START + timedelta(days=3)
    values, held, runs = [], 0, 24
    for seed in range(runs):
        plan = plan_labels(engine, dataset, Scope(), "accuracy", 0.03, seed=seed)
        n = plan.need.n
        drawn = labelled(
            truth, [int(i[1:]) for i in plan.ids[:n]], source="annotator", queue="active",
            known_at=made_at + timedelta(days=1), sampling_p=0.3,
        )  # fmt: skip
        # Labels that came otherwise after the plan was made are no part of what it knows.
        late = labelled(truth, range(1, 300, 30), known_at=made_at + timedelta(days=2))
        later = with_labels(dataset, build, [known, drawn, late])
        found = read_plan_slice(engine, later, scope, plan, made_at)
        assert found.value is not None and found.low is not None and found.high is not None
        assert (found.n, found.detail["n_known"]) == (200, 20)
        values.append(found.value)
        held += found.low <= right <= found.high
    se = float(np.std(values, ddof=1)) / np.sqrt(runs)
    assert abs(np.mean(values) - right) <= 3 * se
    assert held >= runs * (0.95 - 2 * np.sqrt(0.05 * 0.95 / runs))


def test_a_slice_all_labelled_is_exact_and_a_thin_one_is_not_said(
    build: Build, engine: Engine
) -> None:
    predictions, truth = rows(120)
    dataset = build([predictions], [labelled(truth, range(0, 120, 4))])
    plan = plan_labels(engine, dataset, Scope(), "accuracy", 0.001)
    made_at = START + timedelta(days=3)
    scope = Scope(segment=parse_segment("origin = 'C'", dataset.schema))
    rest = [int(i[1:]) for i in plan.ids]
    new = {"source": "annotator", "queue": "active", "known_at": made_at + timedelta(days=1)}
    known = labelled(truth, range(0, 120, 4))
    everything = with_labels(dataset, build, [known, labelled(truth, rest, **new)])
    found = read_plan_slice(engine, everything, scope, plan, made_at)
    expected = np.mean([truth[i] == "1" for i in range(120) if i % 3 == 2])
    assert found.value == pytest.approx(expected)
    assert found.low == found.high == pytest.approx(expected)
    few = with_labels(dataset, build, [known, labelled(truth, rest[:12], **new)])
    thin = read_plan_slice(engine, few, scope, plan, made_at)
    assert (
        thin.value is None and thin.reason == "fewer than 10 labels of the plan are of this slice"
    )
