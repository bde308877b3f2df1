"""Bets against a promise: what they are worth on average, and how a monitor lives on them."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import product

import pytest

from analytics.core import Result, Window
from analytics.errors import UsageError
from analytics.monitors.policy import EVER, Monitor
from analytics.monitors.rehearse import fit
from analytics.monitors.run import run
from analytics.stats.betting import PatientBets, log_growth

START = datetime(2026, 1, 5)
KEPT = Monitor("Accuracy", "m", "performance", ("accuracy",), every="week", rule="promise",
               limit=0.9)  # fmt: skip


@pytest.mark.parametrize("m0", [0.1, 0.5])
@pytest.mark.parametrize("n_periods", [1, 3, 8])
def test_where_the_promise_is_kept_the_money_stays_the_same_on_average(
    m0: float, n_periods: int
) -> None:
    """Every history of single rows, weighed with its chance: stakes and waiting money make 1."""
    mean = 0.0
    for history in product((0, 1), repeat=n_periods):
        bets = PatientBets()
        for bad in history:
            bets.play(log_growth(1, bad, m0))
        chance = math.prod(m0 if bad else 1 - m0 for bad in history)
        mean += chance * math.exp(bets.log_wealth)
    waiting = 1 / (n_periods + 1)  # 1 - sum of 1 / (t (t + 1))
    assert mean + waiting == pytest.approx(1.0, rel=1e-12)


def test_bets_begin_at_every_period_with_their_share() -> None:
    """Beside the sum over all beginnings, written out."""
    counts = [3, 9, 14, 4]
    bets = PatientBets()
    for n_bad in counts:
        bets.play(log_growth(50, n_bad, 0.1))
    stake = log_growth([50.0] * 4, counts, 0.1)
    worth = sum(
        math.exp(float(sum(stake[s][j] for s in range(t, 4)))) / ((t + 1) * (t + 2)) / 8
        for t in range(4)
        for j in range(8)
    )
    assert bets.log_wealth == pytest.approx(math.log(worth), rel=1e-12)


def answers(shares: list[float], n: int = 500, better: str = "higher") -> list[Result]:
    found = []
    for i, share in enumerate(shares):
        half = 1.96 * math.sqrt(share * (1 - share) / n)
        week = Window(START + timedelta(weeks=i), START + timedelta(weeks=i + 1))
        found.append(
            Result("accuracy", share, n, "ok", week, share - half, share + half, "Wilson", n,
                   detail={"better": better})
        )  # fmt: skip
    return found


def test_a_small_fall_that_lasts_is_found_and_is_over_when_the_promise_is_kept_again() -> None:
    shares = [0.9] * 10 + [0.88] * 12 + [0.95] * 3 + [0.9] * 5
    found = run(KEPT, answers(shares))
    (alert,) = found.alerts
    assert alert.fired_at is not None and alert.resolved_at is not None
    assert START + timedelta(weeks=13) < alert.fired_at <= START + timedelta(weeks=22)
    assert alert.resolved_at == START + timedelta(weeks=24)  # the second calm one
    assert found.shown == "resolved"
    alone = Monitor("Limit", "m", "performance", ("accuracy",), every="week", rule="below",
                    limit=0.9)  # fmt: skip
    assert run(alone, answers(shares)).alerts == ()  # no period shows it


def test_errors_are_counted_as_they_are_and_too_few_rows_say_nothing() -> None:
    rate = Monitor("Errors", "m", "serving", ("error_rate",), every="week", rule="promise",
                   limit=0.1)  # fmt: skip
    rising = [
        Result("error_rate", r.value, r.n, "ok", r.window, r.low, r.high)
        for r in answers([0.1, 0.2], better="lower")
    ]
    assert run(rate, rising).outcome == "fail"
    assert run(rate, [Result("error_rate", 0.9, 99, "ok", Window())]).shown == "no data"


def test_weighted_rows_count_for_what_their_standard_error_says() -> None:
    sure = answers([0.8], n=200)
    vague = [
        Result(r.name, r.value, r.n, "ok", r.window, 0.5, 0.99, "weighted", r.n_labelled,
               detail={"better": "higher", "se": 0.2})
        for r in sure
    ]  # fmt: skip
    assert (run(KEPT, sure).outcome, run(KEPT, vague).outcome) == ("fail", "inconclusive")


def test_promises_that_nobody_can_bet_on_are_refused() -> None:
    assert KEPT.level == EVER
    for change in ({"names": ("roc_auc",)}, {"names": ()}, {"limit": 1.0}, {"recovery": 0.9}):
        with pytest.raises(UsageError):
            Monitor(**{**{n: getattr(KEPT, n) for n in Monitor.__slots__}, **change})


def test_a_rehearsal_finds_the_promise_that_would_have_been_kept() -> None:
    fitted = fit(KEPT, answers([0.9, 0.85, 0.84, 0.86] * 6), 0)
    assert fitted is not None and fitted.limit is not None and fitted.limit < 0.9
