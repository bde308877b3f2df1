"""Bands and alarms for every look: beside their authors' own figures, and by simulation."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.stats.betting import first_alarm, log_detector, log_growth, log_wealth, stakes
from analytics.stats.sequences import (
    Sums,
    asymptotic_band,
    bounded_band,
    gamma_exponential,
    normal_mixture,
)

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference" / "anytime"


@pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="the reference figures are not beside the project"
)
def test_boundaries_are_their_authors() -> None:
    """confseq's own C++, to 1e-8."""
    with (REFERENCE / "confseq_boundaries.csv").open() as file:
        rows = list(csv.DictReader(file))
    v = [float(row["v"]) for row in rows]
    wanted = [float(row["normal_mixture_two_sided_alpha05_vopt250"]) for row in rows]
    assert normal_mixture(v, 0.05).tolist() == pytest.approx(wanted, rel=1e-9)
    wanted = [float(row["gamma_exponential_alpha025_vopt250_c1"]) for row in rows]
    assert gamma_exponential(v, 0.025).tolist() == pytest.approx(wanted, abs=1e-8, rel=1e-11)


def test_the_band_is_what_the_rows_give() -> None:
    """From sums of periods as from the rows themselves, the guesses being the periods' own."""
    rng = np.random.default_rng(3)
    periods = [rng.random(size) ** 2 for size in (40, 1, 300, 25)]
    sums = Sums.of(*zip(*((len(p), p.sum(), (p**2).sum()) for p in periods), strict=True))
    band = bounded_band(sums)
    seen: list[float] = []
    spread = 0.0
    for i, period in enumerate(periods):
        guess = float(np.mean(seen)) if seen else 0.5
        spread += sum((float(x) - guess) ** 2 for x in period)
        seen += period.tolist()
        width = float(gamma_exponential(spread, 0.025)) / len(seen)
        assert band.mean[i] == pytest.approx(float(np.mean(seen)))
        assert band.low[i] == pytest.approx(max(float(np.mean(seen)) - width, 0.0))
        assert band.high[i] == pytest.approx(min(float(np.mean(seen)) + width, 1.0))


@given(
    counts=st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1)), min_size=1, max_size=12),
    m0=st.floats(0.01, 0.99),
)
def test_money_adds_up_whatever_the_periods(counts: list[tuple[int, float]], m0: float) -> None:
    n = np.array([c for c, _ in counts])
    bad = np.floor(n * np.array([share for _, share in counts]))
    whole = log_wealth(log_growth([n.sum()], [bad.sum()], m0))[-1]
    assert log_wealth(log_growth(n, bad, m0))[-1] == pytest.approx(whole, rel=1e-9, abs=1e-9)


def test_a_fair_row_neither_wins_nor_loses() -> None:
    """The expectation of what one row makes of the money is exactly one, for every stake."""
    for m0 in (0.01, 0.1, 0.5, 0.97):
        one, none = (np.exp(log_growth([1], [bad], m0)) for bad in (1, 0))
        assert (m0 * one + (1 - m0) * none).ravel().tolist() == pytest.approx(
            [1.0] * len(stakes(m0))
        )


def test_false_alarms_stay_below_the_promise() -> None:
    """600 histories of 60 looks at 200 rows: a test at every look raises many, these few."""
    rng = np.random.default_rng(11)
    n, p, runs, looks = 200, 0.1, 600, 60
    bad = rng.binomial(n, p, size=(looks, runs)).astype(float)
    rows = np.full_like(bad, n)
    most = 0.05 + 2 * math.sqrt(0.05 * 0.95 / runs)
    wealth = log_wealth(log_growth(rows, bad, p))
    assert (wealth.max(axis=0) >= math.log(20)).mean() <= most
    for band in (bounded_band(Sums.of(rows, bad)), asymptotic_band(Sums.of(rows, bad))):
        assert ((band.low > p) | (band.high < p)).any(axis=0).mean() <= most
    total = np.cumsum(bad, axis=0) / np.cumsum(rows, axis=0)
    z = (total - p) / np.sqrt(p * (1 - p) / np.cumsum(rows, axis=0))
    assert (np.abs(z) > 1.96).any(axis=0).mean() >= 0.25


def test_a_detector_finds_what_begins_late() -> None:
    """After 300 quiet periods the wealth is gone, and the detectors still ring within a few."""
    rng = np.random.default_rng(5)
    bad = np.concatenate([rng.binomial(500, 0.1, 300), rng.binomial(500, 0.15, 20)])
    growth = log_growth(np.full(320, 500), bad, 0.1)
    for path in (log_detector(growth), log_detector(growth, "e-cusum")):
        alarm = first_alarm(path, 200.0)
        assert alarm is not None
        assert 300 <= alarm <= 306
    assert (
        first_alarm(log_wealth(growth), 20.0) is None
        or first_alarm(log_wealth(growth), 20.0) >= 303
    )


def test_the_detector_is_its_recursion() -> None:
    growth = log_growth([100, 80, 120], [12, 9, 30], 0.1)
    made = np.exp(growth)
    state, expected = np.zeros(growth.shape[1]), []
    for row in made:
        state = row * (state + 1)
        expected.append(state.mean())
    assert np.exp(log_detector(growth)).tolist() == pytest.approx(expected)


def test_periods_without_rows_change_nothing() -> None:
    band = bounded_band(Sums.of([0, 100, 0], [0, 20, 0]))
    assert math.isnan(band.mean[0])
    assert band.low[1] == band.low[2] and band.high[1] == band.high[2]
    assert log_wealth(log_growth([0], [0], 0.2)).tolist() == [0.0]
