"""The loss of a row beside the metric: their mean over all rows is the metric's value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from analytics.core import (
    Column,
    CustomMetric,
    Dataset,
    Log,
    Part,
    Question,
    Schema,
    Scope,
    Segment,
)
from analytics.evaluate import performance
from analytics.evaluate.slices import value_of
from analytics.query.coded import sums_inside
from analytics.query.compare import Side
from analytics.query.engine import Engine
from analytics.query.losses import row_losses
from analytics.query.segment import parse_segment

Row = dict[str, Any]


def binary(folder: Path) -> Dataset:
    rng = np.random.default_rng(1)
    score = rng.random(400).round(3)
    rows = [
        {
            "row": i, "prediction_id": f"p{i}", "model_version": "v1",
            "prediction": str(int(s > 0.5)), "score": float(s), "distance": float(rng.normal()),
            "origin": str(rng.choice(["JFK", "LGA"])),
        }
        for i, s in enumerate(score)
    ]  # fmt: skip
    labels = [
        {"prediction_id": f"p{i}", "label": str(int(rng.random() < s))}
        for i, s in enumerate(score)
        if i % 5
    ]
    columns = (
        Column("prediction", "prediction", "categorical"),
        Column("score", "score", "numeric"),
        Column("label", "label", "categorical"),
        Column("distance", "feature", "numeric"),
        Column("origin", "feature", "categorical"),
    )
    schema = Schema(
        "binary",
        columns,
        ("0", "1"),
        "1",
        values=(("1", "1", 2.0), ("1", "0", -5.0)),
        custom=(
            CustomMetric("far_wrong", "label <> prediction and distance > 0", "share", "lower"),
            CustomMetric("margin", "score - 0.5", "mean", "higher"),
        ),
    )
    return write(folder, rows, labels, schema)


def regression(folder: Path) -> Dataset:
    rng = np.random.default_rng(2)
    truth = rng.exponential(size=300) * 10
    rows = [
        {
            "row": i, "prediction_id": f"p{i}", "prediction": float(t * rng.random() * 2),
            "distance": float(rng.normal()), "quantile_0.1": float(t - rng.random()),
            "quantile_0.9": float(t + rng.random()),
        }
        for i, t in enumerate(truth)
    ]  # fmt: skip
    labels = [{"prediction_id": f"p{i}", "label": float(t)} for i, t in enumerate(truth)]
    columns = [Column("prediction", "prediction", "numeric"), Column("label", "label", "numeric")]
    columns += [Column("distance", "feature", "numeric")]
    columns += [
        Column(f"quantile_{q}", "quantile", "numeric", class_name=q) for q in ("0.1", "0.9")
    ]
    return write(folder, rows, labels, Schema("regression", tuple(columns)))


def write(folder: Path, rows: list[Row], labels: list[Row], schema: Schema) -> Dataset:
    """Parts whose columns have the types of the values."""
    logs: dict[Any, Log] = {}
    for kind, values in (("predictions", rows), ("labels", labels)):
        place = folder / kind / "date=none"
        place.mkdir(parents=True)
        frame = pd.DataFrame(values)
        with duckdb.connect() as connection:
            connection.register("picked", frame)
            connection.execute(f"COPY picked TO '{place / 'part.parquet'}' (FORMAT parquet)")
        part = Part(str(place / "part.parquet"), len(values), kind)
        logs[("production", kind)] = Log(kind, (part,), tuple(frame.columns))  # type: ignore[arg-type]
    return Dataset("m", schema, logs, "f")


def multiclass(folder: Path) -> Dataset:
    rng = np.random.default_rng(3)
    rows, labels = [], []
    for i in range(300):
        p = rng.dirichlet(np.ones(4))
        rows.append(
            {"row": i, "prediction_id": f"p{i}", "prediction": "abcd"[p.argmax()],
             "distance": float(rng.normal()), **{f"score_{c}": float(x) for c, x in zip("abcd", p, strict=True)}}
        )  # fmt: skip
        labels.append({"prediction_id": f"p{i}", "label": str(rng.choice(list("abcd"), p=p))})
    columns = [
        Column("prediction", "prediction", "categorical"),
        Column("label", "label", "categorical"),
    ]
    columns += [Column("distance", "feature", "numeric")]
    columns += [Column(f"score_{c}", "score", "numeric", class_name=c) for c in "abcd"]
    return write(folder, rows, labels, Schema("multiclass", tuple(columns), tuple("abcd")))


MAKERS = {"binary": binary, "regression": regression, "multiclass": multiclass}


@pytest.mark.parametrize("task", MAKERS)
def test_the_mean_loss_is_the_metric(task: str, tmp_path: Path, engine: Engine) -> None:
    dataset = MAKERS[task](tmp_path)
    losses = row_losses(dataset)
    assert len(losses) >= 3
    for name, loss in losses.items():
        found = sums_inside(engine, Side(dataset, Scope()), loss, [])[(None, None)][0][1]
        expected = next(r for r in performance(engine, dataset, Question(Scope(), None, (name,))))
        estimate = value_of(found, loss)
        assert estimate.value == pytest.approx(expected.value, rel=1e-9), name
        assert estimate.low <= estimate.value <= estimate.high
        assert loss.label == expected.detail["label"]
        assert loss.better == expected.detail["better"]
    assert {"accuracy", "mae"} & set(losses)


def test_a_segment_and_the_rest_are_all_rows(tmp_path: Path, engine: Engine) -> None:
    dataset = binary(tmp_path)
    segment = parse_segment("distance > 0.3 AND origin = 'JFK'", dataset.schema)
    assert isinstance(segment, Segment)
    counts = [
        performance(engine, dataset, Question(Scope(segment=s), None, ("accuracy",)))[0]
        for s in (None, segment, replace(segment, is_rest=True))
    ]
    assert counts[1].n + counts[2].n == counts[0].n
    assert counts[1].n_labelled + counts[2].n_labelled == counts[0].n_labelled
    weighed = sum(r.value * r.n_labelled for r in counts[1:])
    assert weighed == pytest.approx(counts[0].value * counts[0].n_labelled)
    both = sums_inside(engine, Side(dataset, Scope()), row_losses(dataset)["accuracy"], [segment])
    everything, inside = both[(None, None)]
    assert (everything[0], inside[0]) == (counts[0].n, counts[1].n)
    assert inside[1][0] == counts[1].n_labelled
