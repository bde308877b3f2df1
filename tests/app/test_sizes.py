"""About how many bytes an answer takes: beside what Python says that it allocated."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analytics.core import Result, Window
from app.sizes import bytes_of

START = datetime(2024, 1, 1, tzinfo=UTC)


def results(n: int) -> list[Result]:
    """Numbers by period and metric, as a question answers them: pieces of their own, and shared ones."""
    label, floor = "ROC " + str(n), float(n) / 7
    return [
        Result(
            name="roc_auc",
            value=i / 7,
            low=i / 9,
            high=i / 5,
            n=i + 100_000,
            window=Window(START + timedelta(hours=i), START + timedelta(hours=i + 1)),
            verdict="ok",
            detail={"label": label, "reference": floor, "change": i / 3, "p_value": i / 11},
        )
        for i in range(n)
    ]


def columns(n: int) -> dict[str, Any]:
    return {f"column {i}": np.arange(n, dtype=float) for i in range(20)}


def rows(n: int) -> list[dict[str, Any]]:
    return [{"id": f"prediction {i}", "score": i / 7, "of": (i + 1000, i / 3)} for i in range(n)]


@pytest.mark.parametrize("make", [results, columns, rows])
@pytest.mark.parametrize("n", [10, 300, 3000])
def test_the_estimate_is_near_what_was_allocated(make: Callable[[int], Any], n: int) -> None:
    make(3)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        answer = make(n)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    # names, small numbers and interned words are Python's own, and dictionaries share their keys
    assert 0.75 * (after - before) < bytes_of(answer) < 1.6 * (after - before) + 4000


def test_what_stands_twice_counts_once() -> None:
    array = np.zeros(100_000)
    for answer in ([array, array], {"a": array, "b": {"again": array}}, [array] * 1000):
        assert array.nbytes < bytes_of(answer) < array.nbytes + 20_000


def test_a_view_counts_what_it_shows() -> None:
    assert bytes_of([np.zeros(100_000)[:50_000]]) > 50_000 * 8


def test_one_large_piece_in_a_record_is_not_missed() -> None:
    record = {f"field {i}": i for i in range(30)} | {"scores": np.zeros(100_000)}
    assert bytes_of(record) > 800_000
