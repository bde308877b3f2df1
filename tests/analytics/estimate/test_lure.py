"""LURE beside the paper's formula, every order in which rows can be drawn, and simulation."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analytics.estimate.lure import NO_LABELS, Drawn, contributions, lure
from analytics.estimate.plan import Expected, expected_variance, need, reach
from analytics.estimate.surrogate import History, expected_loss, own_loss
from analytics.needs import Confusion
from analytics.performance.accuracy import accuracy
from analytics.sampling.active import chances, draw


def by_the_paper(loss: list[float], q: list[float], pool: int) -> float:
    """R = 1/M sum v_m L_m with v_m = 1 + (N-M)/(N-m) (1/((N-m+1) q_m) - 1), q_m among rows left."""
    n, left, total = len(loss), 1.0, 0.0
    for m, (x, chance) in enumerate(zip(loss, q, strict=True), start=1):
        share = chance / left
        total += (1 + (pool - n) / (pool - m) * (1 / ((pool - m + 1) * share) - 1)) * x
        left -= chance
    return total / n


@given(seed=st.integers(0, 10_000), n=st.integers(2, 20))
def test_the_value_is_the_papers(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    q = chances(rng.random(30))
    loss = rng.random(30)
    order, _p = draw(q, n, seed)
    found = lure(Drawn(loss[order], q[order], 30))
    assert found.value == pytest.approx(by_the_paper(loss[order], q[order], 30))  # type: ignore[arg-type]


@pytest.mark.parametrize("steadied", [False, True])
@pytest.mark.parametrize("lost", [None, 2])
def test_it_is_unbiased_over_every_order(steadied: bool, lost: int | None) -> None:
    """The mean over all 3-row draws of 5 rows, each with its probability, is the mean loss."""
    loss = np.array([0.0, 1.0, 1.0, 0.3, 7.0])
    q = np.array([0.3, 0.1, 0.25, 0.05, 0.3])
    expected = np.array([5.0, 0.1, 0.4, 0.2, 1.0])  # wrong on purpose
    kept = [i for i in range(5) if i != lost]
    q_lost = 0.0 if lost is None else float(q[lost])
    total = 0.0
    for order in permutations(kept, 3):
        chance, left = 1.0, 1 - q_lost
        for i in order:
            chance *= q[i] / left
            left -= q[i]
        rows = list(order)
        drawn = Drawn(
            loss[rows],
            q[rows],
            len(kept),
            q_lost,
            expected[rows] if steadied else None,
            float(expected[kept].mean()),
        )
        base = drawn.expected_mean if steadied else 0.0
        total += chance * (base + float(contributions(drawn).sum()))
    assert total == pytest.approx(float(loss[kept].mean()))


def test_equal_chances_are_the_plain_mean_with_its_t_interval() -> None:
    loss = np.random.default_rng(1).exponential(size=400)
    found = lure(Drawn(loss, np.full(400, 1 / 1_000_000), 1_000_000))
    assert found.value == pytest.approx(loss.mean())
    assert found.se == pytest.approx(stats.sem(loss), rel=1e-2)
    assert found.low is not None and found.high is not None
    assert found.high - found.low == pytest.approx(2 * 1.97 * stats.sem(loss), rel=0.05)


def test_none_one_all_and_all_alike() -> None:
    assert lure(Drawn(np.empty(0), np.empty(0), 9)).reason == NO_LABELS
    assert lure(Drawn(np.ones(1), np.full(1, 0.1), 9)).value is None
    whole = lure(Drawn(np.array([1.0, 3.0]), np.array([0.5, 0.5]), 2))
    assert (whole.value, whole.low, whole.high) == (2.0, 2.0, 2.0)
    right = lure(Drawn(np.zeros(50), np.full(50, 0.001), 1000), bounds=(0.0, 1.0))
    assert (right.value, right.low) == (0.0, 0.0)
    assert right.high == pytest.approx(1.96**2 / (50 + 1.96**2), abs=1e-3)
    wrong = lure(Drawn(np.ones(50), np.full(50, 0.001), 1000), bounds=(0.0, 1.0))
    assert wrong.high == 1.0 and wrong.low is not None and 0.9 < wrong.low < 0.95


@pytest.mark.parametrize("is_right", [True, False])
def test_the_interval_covers_at_300_labels(is_right: bool) -> None:
    """Losses of 5 % in 3,000 rows; expectations that know, and expectations that know nothing."""
    rng = np.random.default_rng(2)
    risk = rng.beta(0.3, 5.0, 3000)
    loss = (rng.random(3000) < risk).astype(float)
    expected = risk if is_right else rng.permutation(risk)
    q = chances(expected)
    held, widths = 0, []
    for seed in range(600):
        order, _p = draw(q, 300, seed)
        found = lure(
            Drawn(loss[order], q[order], 3000, 0.0, expected[order], float(expected.mean())),
            bounds=(0.0, 1.0),
        )
        assert found.low is not None and found.high is not None
        held += found.low <= loss.mean() <= found.high
        widths.append(found.high - found.low)
    assert held / 600 >= 0.925
    if is_right:
        need_random = 2 * 1.96 * np.sqrt(loss.mean() * (1 - loss.mean()) / 300)
        assert np.mean(widths) <= 0.8 * need_random


def test_the_plan_is_what_draws_give() -> None:
    rng = np.random.default_rng(3)
    risk = rng.beta(0.5, 4.0, 4000)
    expected = Expected(risk, risk * (1 - risk))
    found = need(expected, 0.02)
    assert found.n < 0.85 * found.n_random
    assert reach(expected, found.n) <= 0.02 < reach(expected, found.n - 5)
    q = chances(risk)
    values = []
    for seed in range(400):
        loss = (rng.random(4000) < risk).astype(float)
        order, _p = draw(q, found.n, seed)
        steady = Drawn(loss[order], q[order], 4000, 0.0, risk[order], float(risk.mean()))
        values.append(float(contributions(steady).sum() + risk.mean() - loss.mean()))
    planned = expected_variance(expected, q, found.n)
    assert np.var(values) == pytest.approx(planned, rel=0.25)


def test_a_plan_never_needs_more_than_there_is_or_than_random() -> None:
    few = Expected(np.full(60, 0.5), np.full(60, 0.25))
    assert need(few, 0.001).n == 60
    sure = Expected(np.zeros(500), np.zeros(500))
    assert need(sure, 0.01).n == 30


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), within=st.floats(0.005, 0.1))
def test_a_wider_goal_never_needs_more(seed: int, within: float) -> None:
    risk = np.random.default_rng(seed).beta(0.5, 3, 800)
    expected = Expected(risk, risk * (1 - risk))
    assert need(expected, within).n >= need(expected, 2 * within).n


def test_the_surrogate_learns_where_losses_are() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(3000, 4))
    risk = np.where(x[:, 0] > 1, 0.6, 0.03)
    loss = (rng.random(3000) < risk).astype(float)
    history = History(x[:1000], loss[:1000])
    found = expected_loss(x[1000:], history, None, is_share=True)
    assert np.corrcoef(found.loss, risk[1000:])[0, 1] >= 0.8
    assert found.loss.mean() == pytest.approx(loss.mean(), abs=0.03)
    both = expected_loss(x[1000:], history, np.full(2000, 0.9), is_share=True)
    assert both.loss.mean() == pytest.approx(found.loss.mean())  # scaled to what was seen


def test_without_history_the_models_own_scores_are_all_there_is() -> None:
    proba = np.array([[0.9, 0.1], [0.4, 0.6], [0.5, 0.5]])
    own = own_loss(proba, np.array([0, 1, 0]))
    found = expected_loss(np.zeros((3, 1)), None, own, is_share=True)
    assert found.loss == pytest.approx([0.1, 0.4, 0.5])
    nothing = expected_loss(np.zeros((3, 1)), None, None, is_share=True)
    assert nothing.loss == pytest.approx([0.5] * 3)


def test_errors_of_a_regression_are_expected_in_their_own_unit() -> None:
    rng = np.random.default_rng(5)
    x = rng.uniform(0, 1, size=(4000, 2))
    loss = np.abs(rng.normal(size=4000)) * (1 + 20 * x[:, 0])
    found = expected_loss(x[2000:], History(x[:2000], loss[:2000]), None, is_share=False)
    truth = np.sqrt(2 / np.pi) * (1 + 20 * x[2000:, 0])
    assert np.corrcoef(found.loss, truth)[0, 1] >= 0.9
    assert found.variance.mean() == pytest.approx(((loss[2000:] - truth) ** 2).mean(), rel=0.25)


def test_a_plans_labels_hold_in_the_headline_too() -> None:
    """Accuracy weighted by one over the chance: right on average, its interval no narrower than it need be."""
    rng = np.random.default_rng(6)
    risk = rng.beta(0.5, 4.0, 3000)
    loss = (rng.random(3000) < risk).astype(float)
    q = chances(risk)
    held, values = 0, []
    for seed in range(300):
        order, p = draw(q, 300, seed)
        truth = np.where(loss[order] == 1, "no", "yes")
        found = accuracy(Confusion.from_arrays(truth, ["yes"] * 300, sample_weight=1 / p))
        assert found.value is not None and found.low is not None and found.high is not None
        held += found.low <= 1 - loss.mean() <= found.high
        values.append(found.value)
    assert held / 300 >= 0.93
    assert np.mean(values) == pytest.approx(1 - loss.mean(), abs=0.005)
