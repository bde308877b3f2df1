"""Where a number is cut, beside scikit-learn's tree of one cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeRegressor

from analytics.slices.split import best_split, shortest_between


@given(st.integers(0, 10_000), st.integers(20, 200), st.integers(1, 8), st.integers(3, 40))
def test_the_cut_takes_off_as_much_as_a_tree_does(seed: int, n: int, least: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    values, loss = rng.integers(0, k, n) / 7, rng.exponential(size=n)
    tree = DecisionTreeRegressor(max_depth=1, min_samples_leaf=least).fit(values[:, None], loss)
    cut = best_split(values, loss, least)
    if tree.tree_.node_count == 1:
        assert cut is None or (values <= cut).sum() >= least
        return
    assert cut is not None
    left = tree.predict(values[:, None]) == tree.predict([[values.min()]])[0]

    def within(side: np.ndarray) -> float:
        return sum(float(((loss[m] - loss[m].mean()) ** 2).sum()) for m in (side, ~side))

    assert within(values <= cut) <= within(left) * (1 + 1e-9)


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e6))
def test_the_number_lies_between_its_neighbours(low: float, width: float) -> None:
    high = low + width
    if high > low:
        assert low <= shortest_between(low, high) < high


def test_rows_without_a_value_do_not_count() -> None:
    values = np.array([np.nan, 1.0, 2.0, 3.0, 4.0, np.inf])
    loss = np.array([9.0, 0.0, 0.0, 1.0, 1.0, 9.0])
    assert best_split(values, loss) == 2.0
    assert best_split(np.array([1.0, 1.0]), np.array([0.0, 1.0])) is None
    assert best_split(np.zeros(0), np.zeros(0)) is None
