"""Bins of equal mass, and the interval of the calibration error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.needs import Scores
from analytics.stats.calibration import are_probabilities, equal_mass_bins, error_ends


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=80))
def test_bins_keep_every_row(rows: list[tuple[bool, float]]) -> None:
    scores = Scores.from_arrays([t for t, _ in rows], [s for _, s in rows])
    mass, score, rate = equal_mass_bins(scores)
    assert mass.sum() == pytest.approx(len(rows))
    assert mass @ score == pytest.approx(sum(s for _, s in rows), abs=1e-9)
    assert mass @ rate == pytest.approx(sum(t for t, _ in rows), abs=1e-9)
    assert len(mass) <= 15


def test_probabilities_lie_between_zero_and_one() -> None:
    assert are_probabilities(Scores.from_arrays([True, False], [0.0, 1.0]))
    assert are_probabilities(Scores.from_arrays([], []))
    assert not are_probabilities(Scores.from_arrays([True, False], [-0.2, 0.5]))
    assert not are_probabilities(Scores.from_arrays([True, False], [0.2, 3.0]))


def test_a_calibrated_model_reaches_down_to_zero() -> None:
    rng, n = np.random.default_rng(2), np.full(15, 40.0)
    score, reached = np.linspace(0.05, 0.95, 15), 0
    for _ in range(200):
        rate = rng.binomial(40, score) / 40
        reached += error_ends(n / n.sum(), score, rate, n)[0] == 0
    assert reached >= 190


def test_a_miscalibrated_one_does_not() -> None:
    n, score = np.full(15, 400.0), np.linspace(0.05, 0.75, 15)
    low, high, se = error_ends(n / n.sum(), score, score + 0.2, n)
    assert 0.15 < low < 0.2 < high < 0.25
    assert 0 < se < 0.02
