"""The likelihood ratio: a value by hand, empty cells, too few rows."""

from __future__ import annotations

import math

import pytest

from analytics.drift.g import TEST
from analytics.needs import LevelPair


def test_by_hand() -> None:
    answer = TEST.compute(LevelPair.from_counts({"a": 20, "b": 40}, {"a": 40, "b": 20}))
    assert answer.value == pytest.approx(4 * (20 * math.log(2 / 3) + 40 * math.log(4 / 3)))


def test_empty_cells_count_nothing() -> None:
    answer = TEST.compute(LevelPair.from_counts({"a": 50}, {"b": 50}))
    assert answer.value == pytest.approx(200 * math.log(2))
    assert answer.detail["p_value"] < 1e-20


def test_one_level_and_too_few_rows() -> None:
    one = TEST.compute(LevelPair.from_counts({"a": 100}, {"a": 100}))
    assert (one.value, one.detail["p_value"]) == (0.0, 1.0)
    assert TEST.compute(LevelPair.from_counts({"a": 2}, {"a": 300})).value is None
