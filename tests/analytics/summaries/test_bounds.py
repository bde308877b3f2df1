"""What is told from bins holds the truth between its ends, whatever is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analytics.drift import hellinger, js, ks, psi, wasserstein
from analytics.needs import BinnedPair, NumericPair
from analytics.summaries.edges import bin_sorted, decile_edges, grid_edges

numbers = st.one_of(
    st.floats(allow_nan=False, width=16),
    st.sampled_from([0.0, 1.0, 1.0, np.nextafter(1, 2), 2.0, np.inf, -np.inf]),
)
samples = st.tuples(
    st.lists(numbers, max_size=40), st.sampled_from([1, 30]), st.integers(0, 2**32)
).map(lambda drawn: np.sort(np.repeat(np.array(drawn[0], dtype=float), drawn[1])))


def binned(of: np.ndarray, reference: np.ndarray, current: np.ndarray) -> BinnedPair:
    """Both sides on the grid of some other rows, or of the reference itself."""
    edges = grid_edges(of)
    both = np.concatenate((reference, current))
    return BinnedPair(
        edges,
        bin_sorted(reference, edges).astype(float),
        bin_sorted(current, edges).astype(float),
        (float(both.min()), float(both.max())) if len(both) else None,
        decile_edges(reference) if of is reference and len(of) else None,
    )


@given(samples, samples, samples, st.booleans())
@settings(max_examples=300, deadline=None)
def test_d_lies_between_both_ends(
    of: np.ndarray, reference: np.ndarray, current: np.ndarray, is_own: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ks, "MOST_BOUND", 1.0)
        ends = ks.from_bins(binned(reference if is_own else of, reference, current))
    exact = ks.compute(NumericPair(reference, current))
    assert ends is not None
    if exact.value is None:
        assert {e.reason for e in ends} == {exact.reason}
        return
    least, most = (e.value for e in ends)
    assert least is not None and most is not None
    assert least - 1e-12 <= exact.value <= most + 1e-12
    assert (
        ends[0].detail["p_value"]
        >= exact.detail["p_value"] - 1e-12
        >= ends[1].detail["p_value"] - 2e-12
    )
    assert ends[0].low is not None and exact.low is not None and ends[0].low <= exact.low + 1e-12
    assert (
        ends[0].high is not None and exact.high is not None and ends[0].high >= exact.high - 1e-12
    )


@given(samples, samples)
@settings(max_examples=200, deadline=None)
def test_what_is_counted_on_tenths_is_the_same_number(
    reference: np.ndarray, current: np.ndarray
) -> None:
    pair = binned(reference, reference, current)
    for test in (psi, js, hellinger):
        exact = test.compute(NumericPair(reference, current))
        found = test.TEST.from_bins(pair) if pair.tenths is not None else None  # type: ignore[misc]
        if found is not None:
            assert found == (exact, exact)
    assert psi.TEST.from_bins is not None
    assert psi.TEST.from_bins(binned(current.copy(), reference, current)) is None


@given(samples, samples, samples)
@settings(max_examples=200, deadline=None)
def test_the_distance_lies_within_its_bound(
    of: np.ndarray, reference: np.ndarray, current: np.ndarray
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wasserstein, "MOST_BOUND", 1e12)
        ends = wasserstein.from_bins(binned(of, reference, current))
    exact = wasserstein.compute(NumericPair(reference, current))
    if ends is None:
        return
    found = ends[0]
    if exact.value is None or found.value is None:
        assert found.reason == exact.reason
        return
    scale = max(1.0, exact.value)
    assert abs(found.value - exact.value) <= found.detail["bound"] + 1e-9 * scale


LAWS = {
    "normal": lambda c, n: c.normal(size=n),
    "uniform": lambda c, n: c.random(n),
    "exponential": lambda c, n: c.exponential(size=n),
    "lognormal": lambda c, n: c.lognormal(size=n),
    "counts": lambda c, n: c.poisson(3, n).astype(float),
    "rounded": lambda c, n: np.round(c.normal(size=n), 1),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_usual_columns_are_answered_within_small_bounds(law: str, shift: float) -> None:
    chance = np.random.default_rng(3)
    reference = np.sort(LAWS[law](chance, 200_000))
    current = LAWS[law](chance, 100_000)
    n_moved = round(shift * len(current))
    current[:n_moved] = current[:n_moved] / 2 if law == "uniform" else current[:n_moved] + 1
    current.sort()
    pair = binned(reference, reference, current)
    ends, distance = ks.from_bins(pair), wasserstein.from_bins(pair)
    assert ends is not None and distance is not None
    exact = stats.ks_2samp(reference, current, method="asymp").statistic
    assert ends[0].value is not None and ends[1].value is not None
    assert ends[0].value - 1e-12 <= exact <= ends[1].value + 1e-12
    assert ends[1].value - ends[0].value <= 0.004
    plain = wasserstein.compute(NumericPair(reference, current))
    for name in ("per_iqr", "iqr"):
        assert distance[0].detail[name] == pytest.approx(plain.detail[name], rel=0.02, abs=0.01)
    assert distance[0].se == pytest.approx(plain.se, rel=0.1)
