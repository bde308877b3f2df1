"""Losses by cell are those of each column's rows, however many columns are counted together."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from analytics.core import Cut, Dataset, Scope
from analytics.query import compare
from analytics.query.cells import MISSING, OTHER
from analytics.query.compare import Side, loss_by_cell
from analytics.query.engine import Engine

CUTS = (
    Cut("distance", (0.3, 0.6)),
    Cut("origin", levels=("JFK", "it's")),
    Cut("score", (0.5,)),
    Cut("model_version", levels=("v1",)),
)


def cell(cut: Cut, value: Any) -> str:
    if value is None or value != value:
        return MISSING
    if cut.edges:
        return str(sum(value > edge for edge in cut.edges))
    return str(value) if value in cut.levels else OTHER


@pytest.mark.parametrize("most", [1, 12, 4_096])
def test_sums_are_those_of_the_rows(
    build: Callable[..., Dataset], engine: Engine, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(compare, "MOST_PACKED", most)
    chance = random.Random(5)
    rows = [
        {
            "row": i,
            "prediction_id": f"p{i}",
            "prediction": chance.choice("01"),
            "distance": chance.choice([None, float("nan"), 0.3, chance.random()]),
            "origin": chance.choice(["JFK", "it's", "LGA", "", None]),
            "score": chance.random(),
            "model_version": chance.choice(["v1", "v2"]),
        }
        for i in range(300)
    ]
    labels = [
        {"prediction_id": f"p{i}", "label": chance.choice("01"), "queue": "random", "sampling_p": chance.choice([0.5, 0.25])}
        for i in range(0, 300, 2)
    ]  # fmt: skip
    n: Counter[tuple[str, str]] = Counter()
    weight: Counter[tuple[str, str]] = Counter()
    loss: Counter[tuple[str, str]] = Counter()
    for label in labels:
        row = rows[int(label["prediction_id"][1:])]
        for cut in CUTS:
            key = (cut.column, cell(cut, row[cut.column]))
            n[key] += 1
            weight[key] += int(1 / label["sampling_p"])
            loss[key] += int(1 / label["sampling_p"]) * (row["prediction"] != label["label"])
    found = loss_by_cell(engine, Side(build([rows], [labels]), Scope()), CUTS)
    assert {key: sums[0] for key, sums in found.items()} == dict(n)
    assert {key: sums[1] for key, sums in found.items()} == pytest.approx(dict(weight))
    assert {key: sums[3] for key, sums in found.items()} == pytest.approx({k: loss[k] for k in n})
    assert len(compare._packs(CUTS)) == {1: 4, 12: 3, 4_096: 1}[most]
