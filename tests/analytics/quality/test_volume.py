"""Volume: a robust expectation from earlier windows, Poisson at least."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from analytics.needs import LogCounts
from analytics.quality.volume import CHECK
from analytics.stats.decision import decide


def verdict(n: int, earlier: tuple[int, ...]) -> str:
    return decide([(CHECK.compute(LogCounts(n=n, n_earlier=earlier)), CHECK.tolerance)])[0][0]


def test_by_hand() -> None:
    answer = CHECK.compute(LogCounts(n=50, n_earlier=(100, 100, 100, 100, 100)))
    assert answer.value == 50.0
    width = 0.5 * (1 + np.pi / 10) ** 0.5  # of the root: Poisson's spread, the median's own error
    assert answer.detail["expected"] == 100.0
    assert answer.detail["p_value"] == pytest.approx(2 * t(4).sf((10 - 50**0.5) / width))
    assert answer.detail["above_floor"] == pytest.approx((50 - 0.7978845608 * 20 * width) / 100)


@pytest.mark.parametrize("earlier", [(), (100,), (100, 100)])
def test_undefined_below_three_windows(earlier: tuple[int, ...]) -> None:
    answer = CHECK.compute(LogCounts(n=5, n_earlier=earlier))
    assert answer.value is None
    assert answer.reason is not None and "too few earlier windows" in answer.reason


def test_silence_and_flood_are_seen_and_one_odd_window_does_not_hide_them() -> None:
    usual = (1000, 1010, 990, 1005, 20, 995, 1002, 1001)
    assert verdict(0, usual) == "critical"
    assert verdict(5000, usual) == "critical"
    assert verdict(1003, usual) == "ok"
    assert verdict(0, (0, 0, 0, 0)) == "ok"


@pytest.mark.parametrize("windows", [3, 6, 7, 30])
@pytest.mark.parametrize("dispersion", [0.0, 0.1])
def test_calm_traffic_is_rarely_reported(windows: int, dispersion: float) -> None:
    rng = np.random.default_rng(11)
    flagged = 0
    for _ in range(400):
        rates = 200 * (rng.gamma(1 / dispersion, dispersion, windows + 1) if dispersion else 1.0)
        draws = rng.poisson(np.broadcast_to(rates, windows + 1)).tolist()
        flagged += verdict(draws[-1], tuple(draws[:-1])) != "ok"
    assert flagged / 400 <= 0.08
