"""brier_reliability: with resolution and uncertainty it adds up to the Brier score of the bins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.needs import Scores
from analytics.performance.brier_reliability import METRIC
from analytics.stats.murphy import murphy_bins, part

PARTS = ("reliability", "resolution", "uncertainty")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=30, max_size=200))
def test_the_parts_add_up(rows: list[tuple[bool, int]]) -> None:
    truth, score = np.array([t for t, _s in rows]), np.array([s / 20 for _t, s in rows])
    scores = Scores.from_arrays(truth, score)
    bins = murphy_bins(scores)
    assert bins is not None
    parts = {which: part(scores, which).value for which in PARTS}
    if min(parts["reliability"], parts["resolution"]) <= 0:
        return  # cut off at nothing: a square cannot be negative
    binned = bins.score[bins.at[np.searchsorted(scores.score, score)]]
    expected = float(np.mean((binned - truth) ** 2))
    found = parts["reliability"] - parts["resolution"] + parts["uncertainty"]
    assert found == pytest.approx(expected, abs=1e-9)


def test_right_probabilities_have_none() -> None:
    """The bias of small bins is taken off: the mean over many logs is near nothing."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(300):
        p = rng.random(300)
        truth = rng.random(300) < p
        found.append(METRIC.compute(Scores.from_arrays(truth, p)).value)
    assert float(np.mean(found)) < 0.004


def test_undefined() -> None:
    assert METRIC.compute(Scores.from_arrays([], [])).value is None
    assert "not probabilities" in (METRIC.compute(Scores.from_arrays([True], [3.0])).reason or "")
