"""Cramer's V: values by hand, one level, too few rows."""

from __future__ import annotations

import pytest

from analytics.drift.cramers_v import TEST
from analytics.needs import LevelPair


def test_by_hand() -> None:
    answer = TEST.compute(LevelPair.from_counts({"a": 20, "b": 40}, {"a": 40, "b": 20}))
    assert answer.value == pytest.approx(1 / 3)
    assert answer.detail["floor"] == pytest.approx((1 / 120) ** 0.5)
    assert TEST.compute(LevelPair.from_counts({"a": 50}, {"b": 50})).value == 1.0


def test_one_level_and_too_few_rows() -> None:
    assert TEST.compute(LevelPair.from_counts({"a": 50}, {"a": 50})).value == 0.0
    assert TEST.compute(LevelPair.from_counts({"a": 50}, {"a": 5})).value is None
