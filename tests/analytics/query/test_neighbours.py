"""The nearest rows with another answer beside a search over all pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from analytics.core import Dataset, Scope
from analytics.query.engine import Engine
from analytics.query.neighbours import feature_scales, nearest_other

Build = Callable[..., Dataset]


def rows_of(n: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(4)
    return [
        {
            "row": i, "prediction_id": f"p{i:03d}", "timestamp": None, "model_version": "v1",
            "prediction": str(int(rng.random() < 0.4)), "score": 0.5,
            "distance": None if i % 17 == 0 else float(rng.normal() * 10),
            "origin": None if i % 13 == 0 else str(rng.choice(["JFK", "LGA"])),
        }
        for i in range(n)
    ]  # fmt: skip


def test_beside_all_pairs(build: Build, engine: Engine) -> None:
    rows = rows_of(150)
    dataset = build([rows], [[{"prediction_id": "p000", "label": "1"}]])
    features = list(dataset.schema.features)
    scales = feature_scales(engine, dataset, Scope(), features)
    numbers = np.array([r["distance"] for r in rows if r["distance"] is not None])
    width = float(np.quantile(numbers, 0.95) - np.quantile(numbers, 0.05))
    assert abs(scales["distance"] - width) < 1e-9

    def far(a: dict[str, Any], b: dict[str, Any]) -> float:
        if a["distance"] is None or b["distance"] is None:
            number = float((a["distance"] is None) != (b["distance"] is None))
        else:
            number = min(abs(a["distance"] - b["distance"]) / width, 1.0)
        return (number + float(a["origin"] != b["origin"])) / 2

    for mine in rows[:20]:
        found = nearest_other(engine, dataset, Scope(), mine)
        others = [r for r in rows if r["prediction"] != mine["prediction"]]
        wanted = sorted((far(mine, r), r["prediction_id"]) for r in others)[:5]
        assert [n.prediction_id for n in found] == [name for _d, name in wanted]
        assert np.allclose([n.distance for n in found], [d for d, _name in wanted])
        assert all(n.said != mine["prediction"] for n in found)


def test_where_all_rows_got_the_same_answer_there_is_none(build: Build, engine: Engine) -> None:
    rows = rows_of(60)
    dataset = build([rows])
    lonely = [{**r, "prediction": "1"} for r in rows]
    assert nearest_other(engine, build([lonely]), Scope(), lonely[0]) == []
    assert nearest_other(engine, dataset, Scope(), {"prediction_id": "x", "prediction": "9"}) == []
