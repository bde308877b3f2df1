"""Where a number is cut, beside scikit-learn's tree of one cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeRegressor

from analytics.slices.split import best_split


@given(st.integers(0, 10_000), st.integers(20, 200), st.integers(1, 8), st.integers(2, 16))
def test_the_cut_takes_off_as_much_as_a_tree_does(seed: int, n: int, least: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    codes, loss = rng.integers(0, k, n), rng.exponential(size=n)
    tree = DecisionTreeRegressor(max_depth=1, min_samples_leaf=least).fit(codes[:, None], loss)
    sums = np.bincount(codes, weights=loss, minlength=k)
    cut = best_split(np.bincount(codes, minlength=k).astype(float), sums, least)
    if tree.tree_.node_count == 1:
        assert cut is None or (codes <= cut).sum() >= least
        return
    assert cut is not None
    left = codes <= tree.tree_.threshold[0]

    def within(side: np.ndarray) -> float:
        return sum(float(((loss[m] - loss[m].mean()) ** 2).sum()) for m in (side, ~side))

    assert min((codes <= cut).sum(), (codes > cut).sum()) >= least
    assert within(codes <= cut) <= within(left) * (1 + 1e-9)


def test_no_cut_where_none_is_possible() -> None:
    assert best_split(np.array([5.0]), np.array([1.0])) is None
    assert best_split(np.array([3.0, 3.0]), np.array([0.0, 1.0]), least=4) is None
    assert best_split(np.zeros(4), np.zeros(4)) is None
