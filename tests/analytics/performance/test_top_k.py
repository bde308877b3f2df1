"""top_k: three of five, and nothing logged."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.needs import Ranks
from analytics.performance.top_k import METRIC


def test_by_hand() -> None:
    scores = np.array([[5.0, 4, 3, 2, 1]] * 5)
    found = METRIC.compute(Ranks.from_arrays(np.arange(5), scores))
    assert found.value == pytest.approx(3 / 5) and found.detail["k"] == 3


def test_undefined() -> None:
    assert METRIC.compute(Ranks(np.zeros(3), 0, 0.0)).value is None
