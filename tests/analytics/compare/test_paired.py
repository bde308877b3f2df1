"""Paired differences beside plain formulas, SciPy and simulation."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analytics.compare.influence import (
    auc_influence,
    mean_influence,
    paired,
    precision_influence,
    root_influence,
)
from analytics.compare.joint import joint_difference
from analytics.compare.mcnemar import exact_p, mcnemar
from analytics.needs import Confusion, Scores
from analytics.performance.f1 import f1
from analytics.stats.betting import betting_evidence
from analytics.stats.ranking import delong, precision_over_recall
from analytics.stats.sequences import asymptotic_width


@given(one=st.integers(0, 400), other=st.integers(0, 400))
def test_mcnemar_is_the_exact_binomial(one: int, other: int) -> None:
    expected = stats.binomtest(one, one + other).pvalue if one + other else 1.0
    assert exact_p(one, other) == pytest.approx(expected, abs=1e-9)


def test_mcnemar_covers_the_difference() -> None:
    """A coin of 12 to 8 in 100 rows, 300 rows a study: the interval holds 0.04 about 95 times."""
    rng = np.random.default_rng(1)
    drawn = rng.multinomial(300, [0.12, 0.08, 0.8], size=4000)
    held = 0
    for one, other, _same in drawn.tolist():
        found = mcnemar(one, other, 300)
        assert found.low is not None and found.high is not None
        held += found.low <= 0.04 <= found.high
    assert 0.935 <= held / 4000 <= 0.965


def two_models(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y = rng.random(n) < 0.3
    common = rng.normal(size=n) + y
    return y, common + 0.5 * rng.normal(size=n), common + 0.7 * rng.normal(size=n)


def test_delong_paired_is_the_covariance_of_placements() -> None:
    """The formula of the paper by its matrices, placements counted pair by pair."""
    rng = np.random.default_rng(2)
    y, a, b = two_models(rng, 300)
    a = a.round(1)
    weight = np.ones(300)
    found = paired(auc_influence(y, a, weight), auc_influence(y, b, weight), "DeLong, paired")
    places, aucs = [], []
    for s in (a, b):
        wins = (s[y][:, None] > s[~y][None, :]) + 0.5 * (s[y][:, None] == s[~y][None, :])
        places.append((wins.mean(axis=1), wins.mean(axis=0)))
        aucs.append(wins.mean())
    s10 = np.cov(places[0][0], places[1][0])
    s01 = np.cov(places[0][1], places[1][1])
    s = s10 / y.sum() + s01 / (~y).sum()
    se = math.sqrt(s[0, 0] + s[1, 1] - 2 * s[0, 1])
    assert found.value == pytest.approx(aucs[0] - aucs[1])
    assert found.se == pytest.approx(se, rel=0.01)  # n / (n - 1) is taken once, not by class


@pytest.mark.parametrize("influence", [auc_influence, precision_influence])
def test_influences_sum_to_nothing_and_to_the_variance(influence) -> None:
    rng = np.random.default_rng(3)
    y, a, _b = two_models(rng, 500)
    value, psi = influence(y, a.round(1), np.ones(500))
    scores = Scores.from_arrays(y, a.round(1))
    expected = (delong if influence is auc_influence else precision_over_recall)(scores)
    assert value == pytest.approx(expected[0])
    assert psi.sum() == pytest.approx(0, abs=1e-9)
    assert math.sqrt(psi @ psi) == pytest.approx(expected[1], rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("influence", [auc_influence, precision_influence])
def test_paired_intervals_cover(influence) -> None:
    rng = np.random.default_rng(4)
    y, a, b = two_models(rng, 400_000)
    w = np.ones(400_000)
    truth = influence(y, a, w)[0] - influence(y, b, w)[0]
    held = 0
    for _ in range(1000):
        y, a, b = two_models(rng, 500)
        w = np.ones(500)
        found = paired(influence(y, a, w), influence(y, b, w), "x")
        assert found.low is not None and found.high is not None
        held += found.low <= truth <= found.high
    assert 0.93 <= held / 1000 <= 0.97


def test_roots_and_means_of_losses() -> None:
    rng = np.random.default_rng(5)
    loss, w = rng.exponential(size=2000), np.ones(2000)
    value, psi = mean_influence(loss, w)
    assert value == pytest.approx(loss.mean())
    assert math.sqrt(psi @ psi) == pytest.approx(loss.std() / math.sqrt(2000))
    root, change = root_influence(loss, w)
    drawn = [math.sqrt(loss[rng.integers(0, 2000, 2000)].mean()) for _ in range(2000)]
    assert root == pytest.approx(math.sqrt(loss.mean()))
    assert math.sqrt(change @ change) == pytest.approx(np.std(drawn), rel=0.06)


def test_one_model_beside_itself_has_no_difference() -> None:
    y, a, _b = two_models(np.random.default_rng(6), 100)
    found = paired(auc_influence(y, a, np.ones(100)), auc_influence(y, a, np.ones(100)), "x")
    assert (found.value, found.low, found.high, found.detail["p_value"]) == (0, 0, 0, 1)


def test_f1_of_two_models_beside_a_bootstrap() -> None:
    rng = np.random.default_rng(7)
    joint = np.array([[[500.0, 60.0], [30.0, 40.0]], [[50.0, 30.0], [60.0, 230.0]]])

    def build(counts) -> Confusion:
        return Confusion(("0", "1"), counts, int(counts.sum()), float(counts.sum()), "1")

    found = joint_difference(joint, build, lambda c: f1(c, of="1").value)
    drawn = rng.multinomial(1000, joint.ravel() / 1000, size=4000).reshape(-1, 2, 2, 2)

    def value(counts) -> float:
        return 2 * counts[1, 1] / (2 * counts[1, 1] + counts[0, 1] + counts[1, 0])

    spread = [value(d.sum(axis=2)) - value(d.sum(axis=1)) for d in drawn]
    assert found.value == pytest.approx(value(joint.sum(axis=2)) - value(joint.sum(axis=1)))
    assert found.se == pytest.approx(np.std(spread), rel=0.05)


def test_betting_is_the_integral_of_fair_bets() -> None:
    from scipy.integrate import quad

    for up, down in ((15, 3), (3, 15), (40, 40)):
        integral, _ = quad(lambda p, u=up, d=down: p**u * (1 - p) ** d, 0.5, 1)
        assert math.exp(betting_evidence(up, down)) == pytest.approx(
            2 ** (up + down + 1) * integral, rel=1e-6
        )


def test_looking_every_day_seldom_reaches_twenty_to_one() -> None:
    rng = np.random.default_rng(8)
    reached = naive = 0
    for _ in range(1000):
        wins = np.cumsum(rng.random(1000) < 0.5)
        looks = range(19, 1000, 20)
        reached += any(
            betting_evidence(int(wins[i]), i + 1 - int(wins[i])) >= math.log(20) for i in looks
        )
        naive += any(exact_p(int(wins[i]), i + 1 - int(wins[i])) < 0.05 for i in looks)
    assert reached / 1000 <= 0.05
    assert naive / 1000 >= 0.2  # the same looks with a p-value for one look


def test_the_confidence_sequence_covers_at_all_looks() -> None:
    rng = np.random.default_rng(9)
    left = 0
    for _ in range(600):
        x = rng.exponential(size=3000) - 1
        n = np.arange(100, 3000, 50)
        means = np.cumsum(x)[n - 1] / n
        squares = np.cumsum(x**2)[n - 1] / n - means**2
        half = asymptotic_width(n, np.sqrt(squares))
        left += bool((np.abs(means) > half).any())
    assert left / 600 <= 0.06


def test_all_alike_is_no_evidence() -> None:
    assert betting_evidence(0, 0) == 0.0
    assert partial(betting_evidence, 0)(10_000) < -5
