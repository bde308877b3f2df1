"""Energy distance: a value by hand, infinities, too few rows."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.drift.energy import TEST
from analytics.needs import NumericPair


def test_by_hand() -> None:
    reference, current = np.repeat([0.0, 1.0], 30), np.repeat([0.0, 1.0, 2.0], (10, 10, 20))
    # the curves differ by 1/4 between 0 and 1, and by 1/2 between 1 and 2
    answer = TEST.compute(NumericPair.from_arrays(reference, current))
    assert answer.value == pytest.approx((2 * (1 / 16 + 1 / 4)) ** 0.5)
    assert answer.detail["per_root_iqr"] == pytest.approx(answer.value)


def test_no_distance_and_too_few_rows() -> None:
    infinite = NumericPair.from_arrays(np.arange(40.0), np.r_[np.arange(40.0), np.inf])
    assert TEST.compute(infinite).value is None
    assert TEST.compute(NumericPair.from_arrays(np.ones(3), np.ones(40))).value is None
    constant = TEST.compute(NumericPair.from_arrays(np.ones(40), np.ones(40)))
    assert (constant.value, constant.detail["per_root_iqr"]) == (0.0, None)


def test_the_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(12)
    truth = (2 * (1 / 3 + 1 / 3)) ** 0.5  # uniform on (0, 1) against (1, 2)
    hits = 0
    for _ in range(200):
        answer = TEST.compute(NumericPair.from_arrays(rng.random(200), 1 + rng.random(300)))
        assert answer.low is not None and answer.high is not None
        hits += answer.low <= truth <= answer.high
    assert hits >= 180
