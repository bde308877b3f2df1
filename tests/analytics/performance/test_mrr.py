"""mrr: worked out by hand over two groups."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.needs import Rankings
from analytics.performance.mrr import METRIC

# Group 0 has its wanted items at 1 and 3, group 1 at 2, group 2 none.
ROWS = Rankings.from_arrays(
    np.array([0, 0, 0, 1, 1, 2]),
    np.array([1.0, 0, 1, 0, 1, 0]),
    np.array([9.0, 8, 7, 9, 8, 1]),
)
LONG = Rankings.from_arrays(
    np.zeros(20, int), (np.arange(20) == 10).astype(float), -np.arange(20.0)
)


def test_by_hand() -> None:
    found = METRIC.compute(ROWS)
    assert found.value == pytest.approx((1 + 0.5) / 2)
    assert (found.detail["n_groups"], found.detail["n_groups_without"]) == (2, 1)


def test_a_wanted_item_in_place_eleven() -> None:
    assert METRIC.compute(LONG).value == pytest.approx(1 / 11)


def test_undefined() -> None:
    none = Rankings.from_arrays(np.empty(0, int), np.empty(0), np.empty(0))
    assert METRIC.compute(none).value is None
