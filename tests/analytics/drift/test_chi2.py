"""Chi-square: a value by hand and where its p-value is not to be trusted."""

from __future__ import annotations

import pytest

from analytics.drift.chi2 import TEST
from analytics.needs import LevelPair


def test_by_hand_without_continuity_correction() -> None:
    answer = TEST.compute(LevelPair.from_counts({"a": 20, "b": 40}, {"a": 40, "b": 20}))
    assert answer.value == pytest.approx(4 * 10**2 / 30)
    assert answer.detail["p_value"] == pytest.approx(0.00026073, rel=1e-4)
    assert (answer.detail["degrees"], answer.detail["is_reliable"]) == (1, True)


def test_rare_levels_are_marked() -> None:
    answer = TEST.compute(LevelPair.from_counts({"a": 100, "b": 1}, {"a": 100}))
    assert answer.detail["is_reliable"] is False


def test_one_level_and_too_few_rows() -> None:
    one = TEST.compute(LevelPair.from_counts({"a": 100}, {"a": 100}))
    assert (one.value, one.detail["p_value"]) == (0.0, 1.0)
    assert TEST.compute(LevelPair.from_counts({"a": 100}, {"a": 3})).value is None
