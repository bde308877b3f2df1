"""Flipped labels are named as suspects; models without class scores have none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from analytics.core import Column, Dataset, Schema, Scope
from analytics.evaluate.suspects import suspect_labels
from analytics.query.engine import Engine

CLASSES = ("a", "b", "c")
THREE = Schema(
    "multiclass",
    (
        Column("prediction", "prediction", "categorical"),
        *(Column(f"score_{c}", "score", "numeric", class_name=c) for c in CLASSES),
    ),
    CLASSES,
)


def logs() -> tuple[list[dict[str, Any]], list[dict[str, Any]], set[str]]:
    """150 rows that the model reads with confidence; every fifteenth label says another class."""
    predictions, labels, flipped = [], [], set()
    for i in range(150):
        truth, name = i % 3, f"p{i:03d}"
        scores = [0.05] * 3
        scores[truth] = 0.9
        said = CLASSES[(truth + 1) % 3] if i % 15 == 4 else CLASSES[truth]
        if said != CLASSES[truth]:
            flipped.add(name)
        predictions.append(
            {
                "row": i,
                "prediction_id": name,
                "timestamp": datetime(2024, 1, 1),
                "prediction": CLASSES[truth],
            }
            | {f"score_{c}": float(s) for c, s in zip(CLASSES, scores, strict=True)}
        )
        labels.append({"prediction_id": name, "label": said, "known_at": datetime(2024, 1, 2)})
    return predictions, labels, flipped


def test_flipped_labels_are_the_suspects(build: Callable[..., Dataset], engine: Engine) -> None:
    predictions, labels, flipped = logs()
    found = suspect_labels(engine, build([predictions], [labels], THREE), Scope())
    assert found is not None and found.n == 150
    assert {s.prediction_id for s in found.rows} == flipped
    assert all(s.margin < 0 and s.suggested != s.label for s in found.rows)
    assert [s.margin for s in found.rows] == sorted(s.margin for s in found.rows)
    assert abs(found.n_expected - len(flipped)) < 3


def test_one_score_of_a_binary_model_is_enough(
    build: Callable[..., Dataset], engine: Engine
) -> None:
    rows = [
        {
            "row": i,
            "prediction_id": f"p{i}",
            "timestamp": datetime(2024, 1, 1),
            "prediction": str(i % 2),
        }
        | {"score": 0.95 if i % 2 else 0.05}
        for i in range(40)
    ]
    labels = [{"prediction_id": f"p{i}", "label": "1" if i == 6 else str(i % 2)} for i in range(40)]
    found = suspect_labels(engine, build([rows], [labels]), Scope())
    assert found is not None
    assert [(s.prediction_id, s.label, s.suggested) for s in found.rows] == [("p6", "1", "0")]


def test_without_scores_or_labels_there_are_none(
    build: Callable[..., Dataset], engine: Engine
) -> None:
    predictions, _labels, _ = logs()
    bare = Schema("multiclass", THREE.columns[:1], CLASSES)
    assert suspect_labels(engine, build([predictions], schema=bare), Scope()) is None
    nothing = suspect_labels(engine, build([predictions], schema=THREE), Scope())
    assert nothing is not None and nothing.n == 0 and nothing.rows == ()
