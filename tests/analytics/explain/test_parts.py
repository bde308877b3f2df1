"""Parts of a change: they sum to it exactly, and their intervals are what resampling gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.explain.covariate import covariate_split
from analytics.explain.maturity import maturity_part, weights_by_delay
from analytics.explain.parts import Side, change_se, split
from analytics.explain.rank import rank_parts

ROW = st.tuples(
    st.integers(0, 4),  # cell
    st.floats(-50, 50),  # over
    st.floats(0.01, 5),  # under
)
ROWS = st.lists(ROW, min_size=2, max_size=40)


def side_of(rows, n_cells: int = 5) -> Side:
    table = np.array(rows, dtype=float)
    cell, a, b = table[:, 0].astype(int), table[:, 1], table[:, 2]
    added = (a, b, a * a, a * b, b * b)
    sums = np.array([np.bincount(cell, x, n_cells) for x in added]).T
    n = np.bincount(cell, minlength=n_cells)
    return Side.from_rows(sums.tolist(), n.tolist())


def ratio(rows) -> float:
    return math.fsum(a for _c, a, _b in rows) / math.fsum(b for _c, _a, b in rows)


@given(ROWS, ROWS)
def test_parts_sum_to_the_change(before, now) -> None:
    found = split(side_of(before), side_of(now))
    size = max(1.0, abs(ratio(before)), abs(ratio(now)))
    assert abs(found.change - (ratio(now) - ratio(before))) < 1e-9 * size
    parts = covariate_split(side_of(before), side_of(now))
    assert abs(parts.covariate + parts.concept - found.change) < 1e-9 * size


@given(ROWS, ROWS)
def test_parts_of_a_root_sum_to_the_change_of_the_root(before, now) -> None:
    before, now = ([(c, abs(a), b) for c, a, b in rows] for rows in (before, now))
    found = split(side_of(before), side_of(now), is_root=True)
    change = math.sqrt(ratio(now)) - math.sqrt(ratio(before))
    assert abs(found.change - change) < 1e-9 * max(1.0, math.sqrt(ratio(now)))
    parts = covariate_split(side_of(before), side_of(now), is_root=True)
    assert abs(parts.covariate + parts.concept - change) < 1e-9 * max(1.0, math.sqrt(ratio(now)))


def test_a_root_that_nearly_vanishes_overflows_nothing() -> None:
    before, now = [(0, 0.0, 1.0)] * 2, [(0, 0.0, 1.0), (1, 3.9e-269, 1.0)]
    found = split(side_of(before), side_of(now), is_root=True)
    assert np.isfinite(found.se(np.ones(5), np.ones(5))) and abs(found.change) < 1e-100


@given(ROWS, ROWS)
def test_turned_round_every_part_changes_its_sign(before, now) -> None:
    there, back = split(side_of(before), side_of(now)), split(side_of(now), side_of(before))
    assert np.allclose(there.mix, -back.mix) and np.allclose(there.within, -back.within)


@given(ROWS)
def test_the_same_rows_have_no_parts(rows) -> None:
    found = split(side_of(rows), side_of([*rows, *rows]))
    assert np.allclose(found.mix, 0, atol=1e-12) and np.allclose(found.within, 0, atol=1e-9)


def test_kitagawas_textbook_case() -> None:
    """Two groups, rates 0.9 and 0.5; 50:50 becomes 25:75, rates become 0.8 and 0.4."""
    before = Side.from_rows([(9, 10, 9, 9, 10), (5, 10, 5, 5, 10)], [10, 10])
    now = Side.from_rows([(4, 5, 4, 4, 5), (6, 15, 6, 6, 15)], [5, 15])
    found = split(before, now)
    assert found.mix.sum() == pytest.approx(-0.25 * 0.85 + 0.25 * 0.45)
    assert found.within.sum() == pytest.approx(-0.1)
    assert found.mix.tolist() == pytest.approx([-0.25 * (0.85 - 0.6), 0.25 * (0.45 - 0.6)])


def test_a_cell_of_one_side_is_all_mix() -> None:
    before = side_of([(0, 1.0, 1.0), (0, 0.0, 1.0)])
    now = side_of([(0, 1.0, 1.0), (0, 0.0, 1.0), (1, 0.0, 1.0), (1, 0.0, 1.0)])
    found = split(before, now)
    assert found.within.tolist() == [0.0] * 5
    assert found.mix[1] == pytest.approx(0.5 * (0.0 - (0.5 + 0.25) / 2))
    assert found.change == pytest.approx(-0.25)


def resampled(rng: np.random.Generator, rows: np.ndarray) -> Side:
    return side_of(rows[rng.integers(0, len(rows), len(rows))])


@pytest.mark.parametrize("is_root", [False, True])
def test_standard_errors_are_those_of_the_bootstrap(is_root) -> None:
    rng = np.random.default_rng(7)
    sides = []
    for shares, means in (((0.5, 0.3, 0.2), (0.8, 0.6, 0.4)), ((0.3, 0.3, 0.4), (0.8, 0.5, 0.3))):
        cells = rng.choice(3, 1500, p=shares)
        over = (rng.random(1500) < np.array(means)[cells]).astype(float)
        under = 1.0 + (rng.random(1500) < 0.3)
        sides.append(np.column_stack([cells, over, under]))
    found = split(side_of(sides[0]), side_of(sides[1]), is_root=is_root)
    draws, wholes, joint = [], [], []
    for _ in range(600):
        a, b = (resampled(rng, rows) for rows in sides)
        again = split(a, b, is_root=is_root)
        draws.append(np.concatenate([again.mix, again.within]))
        wholes.append(again.change)
        parts = covariate_split(a, b, is_root=is_root)
        joint.append((parts.covariate, parts.concept))
    spread, none = np.std(draws, axis=0), np.zeros(5)
    for k in range(3):
        one = np.eye(5)[k]
        assert found.se(one, none) == pytest.approx(spread[k], rel=0.15)
        assert found.se(none, one) == pytest.approx(spread[5 + k], rel=0.15)
    total = change_se(side_of(sides[0]), side_of(sides[1]), is_root=is_root)
    assert total == pytest.approx(np.std(wholes), rel=0.15)
    assert found.se(np.ones(5), np.ones(5)) == pytest.approx(total)
    parts = covariate_split(side_of(sides[0]), side_of(sides[1]), is_root=is_root)
    errors = np.std(joint, axis=0)
    assert (parts.covariate_se, parts.concept_se) == pytest.approx(tuple(errors), rel=0.15)


def test_late_labels_are_weighed_back() -> None:
    """Ones take a day, zeros none; half of the rows are younger than a day. The truth is 1/2."""
    rng = np.random.default_rng(3)
    label = rng.random(4000) < 0.5
    age = rng.random(4000) * 2
    seen = ~label | (age >= 1)
    rows = [(int(y), float(y), 1.0) for y in label[seen]]
    before = side_of([(0, 0.0, 1.0)] * 500 + [(1, 1.0, 1.0)] * 500, 2)
    old = [1.0, float((age >= 1).mean())]
    then, now = (w[:2] for w in weights_by_delay([1.0, 1.0], old))
    part = maturity_part((before, side_of(rows, 2)), (then, now))
    raw = float(label[seen].mean())
    assert raw < 0.36
    assert abs((raw - part.value) - label.mean()) < 0.02
    assert 0 < part.se < 0.02


def test_a_cell_takes_its_share_of_a_common_fall_and_no_blame() -> None:
    big, small = [(0, 1.0, 1.0)], [(1, 1.0, 1.0)]
    wrong_big, wrong_small = [(0, 0.0, 1.0)], [(1, 0.0, 1.0)]
    before = side_of(big * 810 + wrong_big * 90 + small * 90 + wrong_small * 10)
    common = side_of(big * 720 + wrong_big * 180 + small * 80 + wrong_small * 20)
    found = split(before, common)
    scores = rank_parts(found, np.zeros(5, dtype=bool))
    assert found.within[0] == pytest.approx(-0.09)
    assert scores.within_score.tolist() == [0.0] * 5
    alone = side_of(big * 810 + wrong_big * 90 + small * 10 + wrong_small * 90)
    scores = rank_parts(split(before, alone), np.zeros(5, dtype=bool))
    assert scores.within_score[1] < -0.04 and scores.within_score[0] == 0.0
