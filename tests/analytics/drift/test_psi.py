"""PSI on tenths and on levels: values by hand, the floor, and the half row for empty bins."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analytics.drift.psi import LEVELS, TEST
from analytics.needs import LevelPair, NumericPair
from analytics.summaries.edges import decile_edges


def test_levels_by_hand() -> None:
    answer = LEVELS.compute(LevelPair.from_counts({"a": 50, "b": 50}, {"a": 75, "b": 25}))
    assert answer.value == pytest.approx(0.25 * math.log(1.5) - 0.25 * math.log(0.5))
    assert answer.detail["floor"] == pytest.approx(0.02)
    assert answer.detail["half_row_added"] is False
    assert [row["level"] for row in answer.detail["top"]] == ["b", "a"]


def test_a_new_level_gets_half_a_row_on_the_other_side() -> None:
    answer = LEVELS.compute(LevelPair.from_counts({"a": 100}, {"a": 50, "b": 50}))
    p, q = np.array([100.5, 0.5]) / 101, np.array([50.5, 50.5]) / 101
    assert answer.value == pytest.approx(float(((q - p) * np.log(q / p)).sum()))
    assert answer.detail["half_row_added"] is True


def test_tenths_by_hand() -> None:
    reference = np.arange(1.0, 101.0)
    current = np.r_[np.arange(1.0, 91.0), np.full(10, 5.0)]  # the last tenth moved to the first
    answer = TEST.compute(NumericPair.from_arrays(reference, current))
    p = np.full(10, 10.5) / 105
    q = np.r_[20.5, np.full(8, 10.5), 0.5] / 105
    assert answer.value == pytest.approx(float(((q - p) * np.log(q / p)).sum()))
    assert answer.detail["n_bins"] == 10


def test_ties_merge_bins_and_one_value_has_one_open_end() -> None:
    assert decile_edges(np.repeat([0.0, 1.0], 50)).tolist() == [0.0, 0.5, 1.0]
    halves = NumericPair.from_arrays(np.repeat([0.0, 1.0], 50), np.repeat([0.0, 1.0], (30, 70)))
    assert TEST.compute(halves).value == pytest.approx(0.2 * math.log(0.7 / 0.3))
    constant = TEST.compute(NumericPair.from_arrays(np.full(50, 1.0), np.full(50, 1.0)))
    assert constant.value == 0.0


def test_infinite_deciles_stay_values() -> None:
    values = np.r_[np.full(30, -np.inf), np.arange(30.0), np.full(30, np.inf)]
    assert TEST.compute(NumericPair.from_arrays(values, values)).value == pytest.approx(0)


def test_the_floor_is_the_mean_without_drift() -> None:
    rng = np.random.default_rng(2)
    answers = [
        TEST.compute(NumericPair.from_arrays(rng.standard_normal(1000), rng.standard_normal(1000)))
        for _ in range(100)
    ]
    assert np.mean([a.value for a in answers]) == pytest.approx(answers[0].detail["floor"], rel=0.1)


def test_too_few_rows() -> None:
    assert LEVELS.compute(LevelPair.from_counts({"a": 10}, {"a": 1000})).value is None
    assert TEST.compute(NumericPair.from_arrays(np.arange(9.0), np.arange(90.0))).value is None
