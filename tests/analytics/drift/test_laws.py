"""Laws that every distance obeys, on data that nobody chose."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analytics.catalog import all_drift_tests
from analytics.core import DriftTest, Estimate
from analytics.drift.js import LEVELS as JS
from analytics.drift.ks import TEST as KS
from analytics.drift.tvd import TEST as TVD
from analytics.needs import LevelPair, NumericPair
from analytics.stats.decision import decide

Floats = npt.NDArray[np.float64]
NUMERIC = [t for t in all_drift_tests() if t.needs is NumericPair]
LEVELS = [t for t in all_drift_tests() if t.needs is LevelPair]

few_values = st.sampled_from([-np.inf, -2.0, 0.0, 0.5, 1.0, 7.0, np.inf])
values = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
samples = st.integers(30, 60).flatmap(lambda n: arrays(float, n, elements=st.one_of(values)))
tied = st.integers(30, 60).flatmap(lambda n: arrays(float, n, elements=few_values))
counts = st.integers(1, 8).flatmap(
    lambda k: st.tuples(*[arrays(float, k, elements=st.integers(0, 60).map(float))] * 2)
)


def levels(pair: tuple[Floats, Floats]) -> LevelPair:
    reference, current = pair[0].copy(), pair[1].copy()
    reference[0] += 30
    current[-1] += 30
    return LevelPair(tuple(f"l{i}" for i in range(len(reference))), reference, current)


def value(answer: Estimate) -> float:
    assert answer.value is not None
    return answer.value


@pytest.mark.parametrize("test", NUMERIC, ids=lambda t: t.name)
@given(a=samples, b=samples, seed=st.integers(0, 9))
def test_order_of_rows_does_not_matter(test: DriftTest, a: Floats, b: Floats, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shuffled = NumericPair.from_arrays(rng.permutation(a), rng.permutation(b))
    assert test.compute(shuffled) == test.compute(NumericPair.from_arrays(a, b))


@pytest.mark.parametrize("test", NUMERIC, ids=lambda t: t.name)
@given(a=tied)
def test_the_same_sample_is_no_difference(test: DriftTest, a: Floats) -> None:
    answer = test.compute(NumericPair.from_arrays(a, a))
    if test.name in ("wasserstein", "energy") and not np.isfinite(a).all():
        assert answer.value is None
        return
    if test.name == "cvm":  # its mean is 1/6, its smallest value is not 0
        assert answer.value is not None and answer.value < 1 / 6
        return
    assert answer.value == pytest.approx(0, abs=1e-7)
    assert answer.detail.get("above_floor", 0) == 0
    assert answer.detail.get("p_value", 1) == 1


@pytest.mark.parametrize("test", LEVELS, ids=lambda t: t.name)
@given(pair=counts)
def test_the_same_counts_are_no_difference(test: DriftTest, pair: tuple[Floats, Floats]) -> None:
    both = levels((pair[0], pair[0]))
    answer = test.compute(LevelPair(both.levels, both.reference, both.reference))
    assert answer.value == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("test", [*NUMERIC, *LEVELS], ids=lambda t: f"{t.name}-{t.needs.__name__}")
@given(a=tied, b=tied, pair=counts)
def test_ranges(test: DriftTest, a: Floats, b: Floats, pair: tuple[Floats, Floats]) -> None:
    need = NumericPair.from_arrays(a, b) if test.needs is NumericPair else levels(pair)
    answer = test.compute(need)
    if answer.value is None:
        assert answer.reason
        return
    bounded = ("ks", "js", "tvd", "hellinger", "cramers_v")
    lowest = -np.inf if test.name == "cvm" else 0
    assert lowest <= answer.value <= (1 + 1e-12 if test.name in bounded else np.inf)
    assert 0 <= answer.detail.get("p_value", 0) <= 1
    assert 0 <= answer.detail.get("above_floor", 0) <= max(0, answer.value) + 1e-12
    if answer.low is not None and answer.high is not None:
        assert answer.low - 1e-9 <= answer.value <= answer.high + 1e-9
    if test.decides:
        assert {"p_value", "above_floor"} <= set(answer.detail)


@given(a=tied, b=tied)
def test_d_is_symmetric(a: Floats, b: Floats) -> None:
    one, other = (KS.compute(NumericPair.from_arrays(*ab)) for ab in ((a, b), (b, a)))
    assert (one.value, one.detail["p_value"]) == (other.value, other.detail["p_value"])


@pytest.mark.parametrize("test", [TVD, JS], ids=lambda t: t.name)
@given(pair=counts)
def test_level_distances_are_symmetric(test: DriftTest, pair: tuple[Floats, Floats]) -> None:
    p = levels(pair)
    other = test.compute(LevelPair(p.levels, p.current, p.reference))
    assert value(test.compute(p)) == pytest.approx(value(other), abs=1e-9)


@given(a=samples, b=samples)
def test_strictly_monotone_maps_leave_d(a: Floats, b: Floats) -> None:
    plain = KS.compute(NumericPair.from_arrays(a, b))
    mapped = KS.compute(NumericPair.from_arrays(2 * np.arcsinh(a) - 1, 2 * np.arcsinh(b) - 1))
    assert plain.value == mapped.value


@given(pair=counts, i=st.integers(0, 7), j=st.integers(0, 7))
def test_merging_levels_never_raises_tvd(pair: tuple[Floats, Floats], i: int, j: int) -> None:
    p = levels(pair)
    k = len(p.levels)
    groups = np.arange(k)
    groups[i % k] = groups[j % k]
    merged = [np.bincount(groups, c, minlength=k) for c in (p.reference, p.current)]
    assert value(TVD.compute(LevelPair(p.levels, *merged))) <= value(TVD.compute(p)) + 1e-12


@given(shift=st.sampled_from([0.0, 0.1, 0.3, 1.0]), seed=st.integers(0, 20))
def test_one_outlier_leaves_the_verdict(shift: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference, current = rng.lognormal(size=50_000), rng.lognormal(shift, size=5_000)
    spoiled = reference.copy()
    spoiled[0] = 1e6
    plain, outlier = (KS.compute(NumericPair.from_arrays(r, current)) for r in (reference, spoiled))
    assert value(outlier) == pytest.approx(value(plain), abs=1 / 50_000 + 1e-12)
    assert decide([(plain, KS.tolerance)])[0][0] == decide([(outlier, KS.tolerance)])[0][0]


def test_two_million_rows_without_drift_are_not_reported() -> None:
    rng = np.random.default_rng(8)
    pair = NumericPair.from_arrays(rng.standard_normal(10**6), rng.standard_normal(10**6) + 0.02)
    answer = KS.compute(pair)
    assert answer.detail["p_value"] < 1e-20
    assert decide([(answer, KS.tolerance)])[0][0] == "ok"


def test_every_declaration_is_complete() -> None:
    for test in all_drift_tests():
        assert test.meaning.endswith(".")
        assert test.source and test.label
        assert 0 < test.tolerance[0] < test.tolerance[1]
    assert [t.name for t in NUMERIC if t.decides] == ["ks"]
    assert [t.name for t in LEVELS if t.decides] == ["tvd"]
