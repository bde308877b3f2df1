"""Hellinger distance: values by hand and the ends of its range."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analytics.drift.hellinger import LEVELS, TEST
from analytics.needs import LevelPair, NumericPair


def test_by_hand() -> None:
    answer = LEVELS.compute(LevelPair.from_counts({"a": 50, "b": 50}, {"a": 100}))
    assert answer.value == pytest.approx(math.sqrt(1 - math.sqrt(0.5)))
    assert LEVELS.compute(LevelPair.from_counts({"a": 50}, {"b": 50})).value == 1.0


def test_tenths_and_one_value() -> None:
    reference = np.arange(1.0, 101.0)
    answer = TEST.compute(NumericPair.from_arrays(reference, np.repeat(reference[:10], 10)))
    assert answer.value == pytest.approx(math.sqrt(1 - math.sqrt(0.1)))
    assert TEST.compute(NumericPair.from_arrays(np.ones(40), np.ones(40))).value == 0.0


def test_too_few_rows() -> None:
    assert TEST.compute(NumericPair.from_arrays(np.ones(4), np.ones(40))).value is None
