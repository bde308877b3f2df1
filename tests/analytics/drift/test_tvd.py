"""Total variation distance: a value by hand, what appeared and vanished, and what has no answer."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.drift.tvd import TEST, level_by_level
from analytics.needs import LevelPair


def test_by_hand() -> None:
    answer = TEST.compute(LevelPair.from_counts({"a": 80, "b": 20}, {"a": 50, "c": 50}))
    assert answer.value == pytest.approx((0.3 + 0.2 + 0.5) / 2)
    assert answer.detail["p_value"] < 1e-12
    assert answer.detail["new_levels"] == {"c": 50}
    assert answer.detail["vanished_levels"] == {"b": 20}
    assert answer.detail["new_rows_expected"] == 0
    top = answer.detail["top"][0]
    assert (top["level"], top["reference"], top["current"], top["contribution"]) == (
        "c",
        0.0,
        0.5,
        0.25,
    )


def test_new_levels_are_measured_against_good_and_turing() -> None:
    reference = {str(i): 1 for i in range(50)} | {"often": 50}
    answer = TEST.compute(LevelPair.from_counts(reference, {"often": 20, "new": 20}))
    assert answer.detail["new_rows"] == 20
    assert answer.detail["new_rows_expected"] == 20  # half of the reference's rows stood alone


def test_rows_that_are_all_different_are_no_drift() -> None:
    pair = LevelPair.from_counts({f"r{i}": 1 for i in range(200)}, {f"c{i}": 1 for i in range(200)})
    answer = TEST.compute(pair)
    assert answer.value == pytest.approx(1.0)
    assert answer.detail["above_floor"] == pytest.approx(0.0, abs=1e-9)
    assert answer.detail["p_value"] == 1.0


def test_one_level_is_no_difference() -> None:
    answer = TEST.compute(LevelPair.from_counts({"a": 40}, {"a": 50}))
    assert (answer.value, answer.detail["p_value"], answer.detail["above_floor"]) == (0.0, 1.0, 0.0)


def test_a_level_that_appeared_beside_a_huge_reference_is_seen() -> None:
    reference = {str(i): 10_000 for i in range(10)}
    current = {str(i): 70 for i in range(10)} | {"new": 300}
    answer = TEST.compute(LevelPair.from_counts(reference, current))
    assert answer.detail["p_value"] < 1e-50
    assert answer.detail["above_floor"] > 0.25


def test_the_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(4)
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.4, 0.3, 0.3])
    for _ in range(100):
        ref, cur = rng.multinomial(500, p).astype(float), rng.multinomial(400, q).astype(float)
        answer = TEST.compute(LevelPair(("a", "b", "c"), ref, cur))
        assert answer.low is not None and answer.high is not None
        assert answer.low <= 0.1 <= answer.high


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (LevelPair.from_counts({"a": 100}, {"a": 29}), "too few rows"),
        (LevelPair.from_counts({}, {"a": 50}), "no reference rows"),
        (LevelPair.from_counts({"a": 50}, {}, 0, 50), "all current values are missing"),
    ],
)
def test_undefined(pair: LevelPair, reason: str) -> None:
    answer = TEST.compute(pair)
    assert answer.value is None
    assert answer.reason is not None and reason in answer.reason


def test_few_levels_that_moved_far_keep_their_change() -> None:
    """Less is taken off than the noise of all levels, and a calm window shows next to nothing."""
    rng = np.random.default_rng(1)
    p = np.array([0.4, 0.2, 0.2, 0.15, 0.05])
    moved = p * 0.85 + 0.15 * (np.arange(5) == 4)
    known = np.abs(moved - p).sum() / 2
    calm: list[float] = []
    found: list[float] = []
    plain: list[float] = []
    for _ in range(400):
        before = rng.multinomial(2500, p).astype(float)
        for shares, answers in ((p, calm), (moved, found)):
            pair = LevelPair(tuple("abcde"), before, rng.multinomial(500, shares).astype(float))
            answers.append(level_by_level(pair))
        answer = TEST.compute(pair)
        plain.append(float(answer.value or 0.0) - answer.detail["floor"])
    assert np.mean(plain) + 0.01 < np.mean(found) < known
    assert np.mean(calm) < 0.01 and np.quantile(calm, 0.99) < 0.075
