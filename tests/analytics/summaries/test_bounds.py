"""What is told from bins holds the truth between its ends, whatever is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from scipy.spatial import distance

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


DIVERGENCES = (psi, js, hellinger)


def plainly(reference: np.ndarray, current: np.ndarray) -> dict[str, float]:
    """The three numbers from rows, each value beside each decile, by SciPy where it has them."""
    edges = decile_edges(reference)
    x, y = (
        np.diff([0, *(np.count_nonzero(v <= e) for e in edges), len(v)])
        for v in (reference, current)
    )
    kept = x + y > 0
    x, y = x[kept], y[kept]
    half = 0.5 if (x * y == 0).any() else 0.0
    p, q = (v / v.sum() for v in (x + half, y + half))
    index = special.rel_entr(p, q).sum() + special.rel_entr(q, p).sum()
    p, q = x / x.sum(), y / y.sum()
    return {
        "psi": float(index),
        "js": float(distance.jensenshannon(p, q, base=2)),
        "hellinger": float(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2)),
    }


def window(seed: int, n: int, kind: str, shift: float) -> np.ndarray:
    """Sorted rows of some window: with ties, heavy values, infinities, or tenths that are empty."""
    chance = np.random.default_rng(seed)
    values = chance.normal(shift, 1, n)
    if kind == "ties":
        values = np.round(values, int(chance.integers(0, 3)))
    elif kind == "heavy":
        values[chance.random(n) < chance.random()] = chance.choice([0.0, 0.1])
    elif kind == "infinite":
        values[chance.random(n) < 0.2] = chance.choice([-np.inf, np.inf])
    elif kind == "gap":
        values[np.abs(values) < 0.3] += 1.0
    elif kind == "few":
        values = chance.choice([-np.inf, 1.0, np.nextafter(1, 2), 2.0, np.inf], n)
    return np.sort(values)


kinds = st.sampled_from(["plain", "ties", "heavy", "infinite", "gap", "few"])
windows = st.builds(window, st.integers(0, 2**32), st.integers(25, 2500), kinds, st.floats(-1, 1))


@given(windows, windows, windows)
@settings(max_examples=300, deadline=None)
def test_divergences_of_another_window_lie_within_their_bounds(
    of: np.ndarray, reference: np.ndarray, current: np.ndarray
) -> None:
    pair = binned(of, reference, current)
    for test in DIVERGENCES:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(test, "MOST_BOUND", np.inf)
            found = test.from_bins(pair)
        exact = test.compute(NumericPair(reference, current))
        if found is None:
            continue
        shown, least, most = found[0], *found[-2:]
        if exact.value is None:
            assert {e.reason for e in found} == {exact.reason}
            continue
        truth = plainly(reference, current)[test.TEST.name]
        assert shown.value is not None and least.value is not None and most.value is not None
        assert abs(shown.value - truth) <= shown.detail.get("bound", 0.0) + 1e-7
        assert least.value - 1e-7 <= truth <= most.value + 1e-7
        ends = [e.detail["above_floor"] for e in (least, exact, most)]
        assert ends[0] - 1e-7 <= ends[1] <= ends[2] + 1e-7
        for name in ("floor", "n_bins", "n_reference", "half_row_added"):
            assert shown.detail.get(name) == exact.detail.get(name)


@given(windows, windows)
@settings(max_examples=100, deadline=None)
def test_only_what_is_sure_enough_is_told(reference: np.ndarray, current: np.ndarray) -> None:
    pair = binned(current.copy(), reference, current)
    for test in DIVERGENCES:
        found = test.from_bins(pair)
        if found is not None and found[0].value is not None:
            assert found[0].detail.get("bound", 0.0) <= test.MOST_BOUND


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
    ends, moved = ks.from_bins(pair), wasserstein.from_bins(pair)
    assert ends is not None and moved is not None
    exact = stats.ks_2samp(reference, current, method="asymp").statistic
    assert ends[0].value is not None and ends[1].value is not None
    assert ends[0].value - 1e-12 <= exact <= ends[1].value + 1e-12
    assert ends[1].value - ends[0].value <= 0.004
    plain = wasserstein.compute(NumericPair(reference, current))
    for name in ("per_iqr", "iqr"):
        assert moved[0].detail[name] == pytest.approx(plain.detail[name], rel=0.02, abs=0.01)
    assert moved[0].se == pytest.approx(plain.se, rel=0.1)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_usual_columns_are_answered_against_another_window(law: str, shift: float) -> None:
    chance = np.random.default_rng(4)
    of, reference, current = (np.sort(LAWS[law](chance, n)) for n in (200_000, 300_000, 250_000))
    n_moved = round(shift * len(current))
    chance.shuffle(current)
    current[:n_moved] = current[:n_moved] / 2 if law == "uniform" else current[:n_moved] + 1
    current.sort()
    pair = binned(of, reference, current)
    truth = plainly(reference, current)
    for test in DIVERGENCES:
        found = test.from_bins(pair)
        assert found is not None and found[0].value is not None
        assert abs(found[0].value - truth[test.TEST.name]) <= found[0].detail.get("bound", 1e-12)
        assert abs(found[0].value - truth[test.TEST.name]) <= 0.001
