"""Rows sorted by score here give what the engine gives that groups them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analytics.core import Condition, Cut, Dataset, Mix, Scope, Segment, Window
from analytics.query import performance
from analytics.query.engine import Engine

T0 = datetime(2024, 1, 1)
NOBODY = Segment((Condition("origin", "=", "nowhere"),), "origin = 'nowhere'")
MIX = Mix((Cut("origin", levels=("JFK", "LGA")),), ("JFK", "LGA"), (2.0, 0.5))


def plain(found: Any) -> list[Any]:
    return [
        [key, s.score.tolist(), s.n, s.n_invalid, round(s.sum_w2, 9)]
        + [np.round(x, 9).tolist() for x in (s.positives, s.negatives)]
        for key, s in found.items()
    ]


def make(build: Callable[..., Dataset], *, is_sampled: bool) -> Dataset:
    """Rows out of order, some without a moment, with ties, both zeros and scores that are none."""
    chance = random.Random(7)
    rows = [
        {
            "row": i,
            "prediction_id": f"p{i}",
            "timestamp": chance.choice([None, *[T0 + timedelta(hours=i * 7 % 90)] * 4]),
            "score": chance.choice(
                [None, float("nan"), float("inf"), -0.0, 0.0, 0.5, chance.random()]
            ),
            "origin": chance.choice(["JFK", "LGA", None]),
        }
        for i in range(150)
    ]
    labels = [{"prediction_id": f"p{i}", "label": chance.choice("01")} for i in range(0, 150, 2)]
    if is_sampled:
        for i, row in enumerate(labels):
            row |= {"queue": "random", "sampling_p": (0.2, 0.5)[i % 2]}
    return build([rows[:70], rows[70:]], [labels])


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("is_sampled", [True, False])
@pytest.mark.parametrize(
    "scope", [Scope(), Scope(every="day"), Scope(every=40), Scope(mix=MIX), Scope(segment=NOBODY)]
)
def test_both_ways_agree(
    build: Callable[..., Dataset],
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    scope: Scope,
    is_sampled: bool,
    labelled: bool,
) -> None:
    dataset = make(build, is_sampled=is_sampled)
    sorted_here = performance.scores(engine, dataset, scope, labelled=labelled)
    monkeypatch.setattr(performance, "SORTED_ROWS", 0)
    grouped = performance.scores(engine, dataset, scope, labelled=labelled)
    assert plain(sorted_here) == plain(grouped)
    assert bool(grouped) == (scope.segment is None)


@pytest.mark.parametrize("is_sampled", [True, False])
@pytest.mark.parametrize("scope", [Scope(), Scope(mix=MIX), Scope(segment=NOBODY)])
def test_a_block_of_parts_at_a_time_gives_the_same(
    build: Callable[..., Dataset],
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    scope: Scope,
    is_sampled: bool,
) -> None:
    dataset = make(build, is_sampled=is_sampled)
    asked = []
    run = engine.arrays
    monkeypatch.setattr(engine, "arrays", lambda *a: asked.append(a) or run(*a))
    for labelled in (True, False):
        at_once = performance.scores(engine, dataset, scope, labelled=labelled)
        n_before = len(asked)
        monkeypatch.setattr(performance.blocks, "ROWS", 50)
        in_blocks = performance.scores(engine, dataset, scope, labelled=labelled)
        monkeypatch.undo()
        monkeypatch.setattr(engine, "arrays", lambda *a: asked.append(a) or run(*a))
        assert len(asked) - n_before == 2  # of two parts
        assert plain(in_blocks) == plain(at_once)


def test_numbered_rows_and_periods_are_read_at_once() -> None:
    window = Window(first_row=0, last_row=9)
    scopes = [Scope(window=window), Scope(every="day"), Scope(by_version=True)]
    assert not any(performance.blocks.can_be_cut(scope) for scope in scopes)
    assert performance.blocks.can_be_cut(Scope(version="v1"))
