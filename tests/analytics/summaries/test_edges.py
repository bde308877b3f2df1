"""Edges hold the reference's tenths and its heavy values, and counts lose nothing on their way."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analytics.summaries.edges import FINE, bin_sorted, decile_edges, grid_edges, narrow, widen

numbers = st.one_of(
    st.floats(allow_nan=False), st.sampled_from([0.0, -0.0, 1.0, 1.0, 2.0, np.inf, -np.inf])
)
samples = st.lists(numbers, min_size=1, max_size=80).map(lambda v: np.sort(np.array(v)))


@given(samples)
def test_the_tenths_are_among_the_edges(values: np.ndarray) -> None:
    edges = grid_edges(values)
    assert np.isin(decile_edges(values), edges).all()
    assert (np.diff(edges) > 0).all()


@given(samples, samples)
def test_rows_are_counted_as_numpy_counts_them_one_by_one(
    values: np.ndarray, of: np.ndarray
) -> None:
    edges = grid_edges(of)
    plain = [
        sum(bool((v > edges[:i]).all() and (v <= edges[i:]).all()) for v in values)
        for i in range(len(edges) + 1)
    ]
    assert bin_sorted(values, edges).tolist() == plain


def test_a_heavy_value_has_a_bin_of_its_own_and_others_hold_little() -> None:
    chance = np.random.default_rng(1)
    values = np.sort(np.concatenate((chance.normal(size=9000), np.zeros(1000))))
    edges = grid_edges(values)
    counts = bin_sorted(values, edges)
    at = int(np.searchsorted(edges, 0.0))
    assert edges[at] == 0 and edges[at - 1] == np.nextafter(0, -1) and counts[at] == 1000
    assert np.delete(counts, at).max() <= len(values) / FINE + 1
    assert counts[0] <= 1 and counts[-1] <= 1  # far values are cut finer


@given(
    hnp.arrays(np.int64, st.tuples(st.integers(1, 5), st.just(7)), elements=st.integers(0, 2**40))
)
def test_counts_come_back_from_their_blobs(counts: np.ndarray) -> None:
    blobs = [narrow(row).tobytes() for row in counts]
    assert (widen(blobs, 7) == counts).all()
    assert all(
        len(b) // 7 == min(w for w in (1, 2, 4, 8) if row.max() < 256**w)
        for b, row in zip(blobs, counts, strict=True)
    )
