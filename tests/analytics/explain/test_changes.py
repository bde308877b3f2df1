"""Change points: beside an exhaustive search, rare where nothing changed, and their place held."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.explain.changes import LEAST, change_points, gains, scatter


@given(st.lists(st.floats(-1, 1), min_size=8, max_size=30), st.integers(0, 1000))
def test_the_gain_is_what_two_levels_explain(found: list[float], seed: int) -> None:
    """Weighted squares about one mean, less those about two, summed for each place by hand."""
    value = np.array(found)
    weight = np.random.default_rng(seed).uniform(0.5, 2.0, len(value))

    def squares(part: slice) -> float:
        mean = np.average(value[part], weights=weight[part])
        return float((weight[part] * (value[part] - mean) ** 2).sum())

    got = gains(value, weight)
    for at in range(len(value)):
        if not LEAST <= at <= len(value) - LEAST:
            assert got[at] == -np.inf
            continue
        fall = squares(slice(None)) - squares(slice(None, at)) - squares(slice(at, None))
        assert got[at] == pytest.approx(fall, abs=1e-9)


def test_where_nothing_changed_hardly_anything_is_found() -> None:
    """40 weeks that scatter three times as far as their rows explain, 400 times."""
    rng = np.random.default_rng(0)
    hits = sum(
        bool(change_points(rng.normal(0.9, 0.03, 40), np.full(40, 0.01))) for _ in range(400)
    )
    assert hits <= 0.05 * 400


def test_the_place_and_the_size_are_held() -> None:
    rng = np.random.default_rng(1)
    held, sized, found = 0, 0, 0
    for _ in range(200):
        level = np.repeat([0.90, 0.87], [22, 18])
        changes = change_points(level + rng.normal(0, 0.01, 40), np.full(40, 0.01))
        if len(changes) != 1:
            continue
        found += 1
        held += changes[0].first <= 22 <= changes[0].last
        sized += changes[0].interval[0] <= -0.03 <= changes[0].interval[1]
    assert found >= 190 and held >= 0.92 * found and sized >= 0.88 * found


@settings(max_examples=30)
@given(st.integers(0, 1000), st.floats(0.1, 10))
def test_scale_and_direction_change_nothing(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    value = np.repeat([0.0, 1.0, 0.3], 10) + rng.normal(0, 0.1, 30)
    se = np.full(30, 0.1)
    one, other = change_points(value, se), change_points(5 - scale * value, scale * se)
    assert [(c.at, c.first, c.last) for c in one] == [(c.at, c.first, c.last) for c in other]
    assert len(one) >= 2
    back = change_points(value[::-1], se)
    assert sorted(30 - c.at for c in back) == [c.at for c in one]


def test_short_or_broken_series_have_none() -> None:
    assert change_points(np.array([0.1, 0.9] * 2), np.full(4, 0.01)) == []
    assert change_points(np.array([0.1] * 5 + [np.nan] + [0.9] * 5), np.full(11, 0.01)) == []
    assert scatter(np.zeros(5), np.full(5, 0.1)) == 1.0
