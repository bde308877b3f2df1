"""Jensen-Shannon distance: values by hand, the ends of its range, and its floor."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analytics.drift.js import LEVELS, TEST
from analytics.needs import LevelPair, NumericPair


def test_nothing_in_common_is_one() -> None:
    answer = LEVELS.compute(LevelPair.from_counts({"a": 100}, {"b": 100}))
    assert (answer.value, answer.low, answer.high) == (1.0, 1.0, 1.0)


def test_by_hand() -> None:
    answer = LEVELS.compute(LevelPair.from_counts({"a": 50, "b": 50}, {"a": 100}))
    # middle (3/4, 1/4): 1/2 (1/2 log2 2/3 + 1/2 log2 2) + 1/2 log2 4/3
    divergence = 0.25 * math.log2(2 / 3) + 0.25 + 0.5 * math.log2(4 / 3)
    assert answer.value == pytest.approx(math.sqrt(divergence))


def test_the_floor_is_the_mean_without_drift() -> None:
    rng = np.random.default_rng(3)
    shares = np.full(50, 1 / 50)
    values, floor = [], 0.0
    for _ in range(100):
        counts = rng.multinomial(1000, shares, 2).astype(float)
        names = tuple(map(str, range(50)))
        answer = LEVELS.compute(LevelPair(names, counts[0], counts[1]))
        values.append(answer.value)
        floor = answer.detail["floor"]
    assert np.mean(values) == pytest.approx(floor, rel=0.05)


def test_numbers_that_left_every_bin_but_the_last() -> None:
    answer = TEST.compute(NumericPair.from_arrays(np.arange(100.0), np.full(100, 1e9)))
    assert answer.value is not None and 0.8 < answer.value < 1


def test_one_value_and_too_few_rows() -> None:
    assert TEST.compute(NumericPair.from_arrays(np.full(50, 1.0), np.full(50, 1.0))).value == 0
    assert LEVELS.compute(LevelPair.from_counts({"a": 50}, {"a": 50})).value == 0
    assert LEVELS.compute(LevelPair.from_counts({}, {})).reason == "no reference rows"
