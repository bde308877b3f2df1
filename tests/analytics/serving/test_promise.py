"""Promises about latency beside counting by hand, SciPy and published worked figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analytics.core import Dataset, Question, Result, Scope, Window
from analytics.errors import NameUnknown, UsageError
from analytics.evaluate.latency_by import latency_by
from analytics.evaluate.promise import load_map, promise_results
from analytics.query.engine import Engine
from analytics.query.promised import quantiles
from analytics.serving.capacity import capacity, pace
from analytics.serving.promise import (
    Kept,
    Promise,
    apdex,
    budget_left,
    check_promise,
    verdict_of,
    within,
)
from analytics.stats.intervals import poisson_ends

T0 = datetime(2024, 1, 1)
Build = Callable[..., Dataset]
PROMISE = Promise(50.0, 0.95)


def rows(n: int = 2000, minutes: float = 6.0) -> list[dict[str, Any]]:
    """Answered in 10 to 60 ms, every 40th fails at once, every 100th took a time nobody logged."""
    rng = np.random.default_rng(1)
    return [
        {
            "row": i,
            "prediction_id": f"p{i}",
            "timestamp": T0 + timedelta(minutes=minutes * i),
            "model_version": "v1" if i < n // 2 else "v2",
            "prediction": "1",
            "latency_ms": None if i % 100 == 7 else 1.0 if i % 40 == 0 else 10 + 50 * rng.random(),
            "status": "error" if i % 40 == 0 else "ok",
            "origin": "JFK" if i % 4 else "LGA",
            "distance": float(i),
        }
        for i in range(n)
    ]


def named(results: list[Result]) -> dict[str, Result]:
    return {r.name: r for r in results}


def test_the_share_that_kept_the_promise_is_counted(engine: Engine, build: Build) -> None:
    given_rows = rows()
    found = named(promise_results(engine, build([given_rows]), Question(Scope()), PROMISE))
    known = [r for r in given_rows if r["latency_ms"] is not None]
    fast = [r for r in known if r["status"] == "ok" and r["latency_ms"] <= 50]
    share = found["within_target"]
    ends = stats.binomtest(len(fast), len(known)).proportion_ci(method="wilson")
    assert (share.value, share.low, share.high) == pytest.approx(
        (len(fast) / len(known), ends.low, ends.high)
    )
    assert share.n == len(known) and share.verdict == "critical"
    assert share.detail["n_failed"] == 50 and share.detail["n_unknown"] == 20
    broken = len(known) - len(fast)
    left = found["budget_left"]
    assert left.value == pytest.approx(1 - broken / (0.05 * len(known)))
    assert left.verdict == "critical" and left.high is not None and left.high < 0
    slow = len(known) - len(fast) - 50
    assert found["apdex"].value == pytest.approx((len(fast) + slow / 2) / len(known))


def test_the_budget_is_spent_period_by_period(engine: Engine, build: Build) -> None:
    log = build([rows()])
    whole = named(promise_results(engine, log, Question(Scope()), PROMISE))["budget_left"]
    days = promise_results(engine, log, Question(Scope(every="day")), PROMISE)
    left = [r for r in days if r.name == "budget_left"]
    assert left[-1].value == pytest.approx(whole.value)
    values = [r.value for r in left if r.value is not None]
    assert values == sorted(values, reverse=True)
    assert sum(r.detail["spent_here"] for r in left) == pytest.approx(1 - float(whole.value or 0))
    versions = promise_results(engine, log, Question(Scope(by_version=True)), PROMISE)
    assert sum(r.n for r in versions if r.name == "apdex") == whole.n


def test_apdex_is_that_of_its_specification() -> None:
    """The worked example of the Apdex technical specification: 60 satisfied, 30 tolerating of 100."""
    found = apdex(Kept(100, 60, 30, 0))
    assert found.value == 0.75 and found.low is not None and found.high is not None
    assert apdex(Kept(40, 40, 0, 0)).low == pytest.approx(
        stats.binomtest(40, 40).proportion_ci(method="wilson").low
    )


@given(n_fast=st.integers(0, 400), n_slow=st.integers(0, 400), n_failed=st.integers(0, 400))
def test_apdex_lies_between_kept_and_answered(n_fast: int, n_slow: int, n_failed: int) -> None:
    kept = Kept(n_fast + n_slow + n_failed, n_fast, n_slow, n_failed)
    found, share = apdex(kept), within(kept)
    if kept.n < 30:
        assert found.value is None and found.reason == "fewer than 30 requests"
        return
    assert found.value is not None and found.low is not None and found.high is not None
    assert share.value is not None and found.low <= found.value <= found.high
    assert share.value <= found.value <= (n_fast + n_slow) / kept.n + 1e-12


def test_the_interval_of_apdex_covers() -> None:
    """In at least 95 of 100 draws, for every mix that was tried."""
    rng = np.random.default_rng(4)
    for p in ([0.5, 0.3, 0.2], [0.95, 0.04, 0.01], [0.1, 0.8, 0.1]):
        counts = rng.multinomial(300, p, size=1000)
        truth = p[0] + p[1] / 2
        held = 0
        for fast, slow, failed in counts:
            found = apdex(Kept(300, int(fast), int(slow), int(failed)))
            assert found.low is not None and found.high is not None
            held += found.low <= truth <= found.high
        assert held >= 940


def test_a_target_missed_by_chance_is_a_warning() -> None:
    assert verdict_of(within(Kept(100, 100, 0, 0)), 0.99) == "ok"
    assert verdict_of(within(Kept(100, 98, 2, 0)), 0.99) == "warning"
    assert verdict_of(within(Kept(10_000, 9_800, 200, 0)), 0.99) == "critical"
    assert verdict_of(within(Kept(10, 10, 0, 0)), 0.99) == "undefined"
    assert budget_left(Kept(10, 10, 0, 0), 0.99).value is None


@pytest.mark.parametrize("numbers", [(0, 0.9), (-1, 0.9), (float("nan"), 0.9), (5, 1), (5, 0)])
def test_numbers_that_make_no_promise(numbers: tuple[float, float]) -> None:
    with pytest.raises(UsageError):
        check_promise(*numbers)


def busy(hours: int, rate: Callable[[int], int], limit: int) -> list[dict[str, Any]]:
    """Hours of so many requests, slow in those busier than the limit."""
    found: list[dict[str, Any]] = []
    for hour in range(hours):
        n = rate(hour)
        for i in range(n):
            found.append(
                {
                    "row": len(found), "prediction_id": f"p{len(found)}",
                    "timestamp": T0 + timedelta(hours=hour, seconds=3600 * i / n),
                    "model_version": "v1", "prediction": "1",
                    "latency_ms": 90.0 if n > limit and i % 4 == 0 else 20.0, "status": "ok",
                }
            )  # fmt: skip
    return found


def test_the_highest_rate_that_kept_the_promise(engine: Engine, build: Build) -> None:
    def rate(hour: int) -> int:
        return 40 + 10 * (hour % 12)

    log = build([busy(48, rate, 110)])
    found = load_map(engine, log, Question(Scope()), PROMISE)
    assert found is not None and found.every == "hour" and len(found.paces) == 48
    highest, headroom = found.results
    assert highest.value == pytest.approx(110 / 3600) and highest.n == 110
    low, high = stats.chi2.ppf(0.025, 220) / 2, stats.chi2.ppf(0.975, 222) / 2
    assert (highest.low, highest.high) == pytest.approx((low / 3600, high / 3600))
    usual = np.median([rate(h) for h in range(47)] + [rate(47)]) / 3600
    assert found.capacity.usual == pytest.approx(usual, rel=0.05)
    assert headroom.value == pytest.approx(110 / 3600 / found.capacity.usual - 1)
    assert (
        found.capacity.n_above == 16 and highest.reason == "told as it is: nothing to compare with"
    )
    slow = [p for p in found.paces if p.outcome == "broken"]
    assert len(slow) == 16 and all(p.latency_ms == 90.0 for p in slow)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95, 0.99, 0.999])
def test_the_latency_of_a_period_is_the_order_statistic(
    engine: Engine, build: Build, share: float
) -> None:
    given_rows = rows()
    found = quantiles(engine, build([given_rows]), Scope(every="day"), share)
    for day in range(8):
        own = [
            r["latency_ms"]
            for r in given_rows[day * 240 : (day + 1) * 240]
            if r["status"] == "ok" and r["latency_ms"] is not None
        ]
        key = (int((T0 + timedelta(days=day) - datetime(1970, 1, 1)).total_seconds() * 1e6), None)
        assert found[key] == np.quantile(own, share, method="inverted_cdf")


def test_a_limit_that_was_never_seen_is_said(engine: Engine, build: Build) -> None:
    found = load_map(engine, build([busy(24, lambda h: 40 + h, 999)]), Question(Scope()), PROMISE)
    assert found is not None and found.capacity.n_above == 0
    assert all("at least" in str(r.reason) for r in found.results)


def test_few_periods_give_no_number(engine: Engine, build: Build) -> None:
    found = load_map(engine, build([busy(5, lambda _h: 60, 99)]), Question(Scope()), PROMISE)
    assert found is not None and [r.value for r in found.results] == [None, None]
    assert "fewer than 10 periods" in str(found.results[0].reason)
    none_kept = [pace(Window(T0, None), 60.0, Kept(100, 10, 90, 0), 80.0, 0.95) for _ in range(12)]
    assert capacity(none_kept).highest.reason == "no period kept the promise"


def test_hours_with_few_requests_are_put_together_by_day(engine: Engine, build: Build) -> None:
    found = load_map(engine, build([rows()]), Question(Scope()), PROMISE)
    assert found is not None and found.every == "day" and len(found.paces) == 9


@given(n=st.integers(0, 5000))
def test_ends_of_a_poisson_count_are_those_of_chi_squared(n: int) -> None:
    expected = (
        stats.chi2.ppf(0.025, 2 * n) / 2 if n else 0.0,
        stats.chi2.ppf(0.975, 2 * n + 2) / 2,
    )
    assert poisson_ends(n) == pytest.approx(expected)


@pytest.mark.parametrize("column", ["model_version", "origin", "distance"])
def test_latency_by_group_is_that_of_its_rows(engine: Engine, build: Build, column: str) -> None:
    given_rows = rows()
    log = build([given_rows])
    found = latency_by(engine, log, Question(Scope()), column)
    answered = [r for r in given_rows if r["status"] == "ok" and r["latency_ms"] is not None]
    groups = {r.detail["group"] for r in found}
    assert len(groups) == {"model_version": 2, "origin": 2, "distance": 4}[column]
    assert sum(r.n for r in found if r.name == "latency_p50") == len(answered)
    for group in groups if column != "distance" else ():
        own = [r["latency_ms"] for r in answered if r[column] == group]
        result = named([r for r in found if r.detail["group"] == group])
        for share in (50, 90, 95, 99):
            expected = np.quantile(own, share / 100, method="inverted_cdf")
            assert result[f"latency_p{share}"].value == pytest.approx(expected)
        assert result["latency_p50"].detail["largest"] == max(own)


def test_a_group_of_few_requests_says_so(engine: Engine, build: Build) -> None:
    given_rows = rows(400)
    for r in given_rows[5:20]:
        r["origin"] = "EWR"
    found = latency_by(engine, build([given_rows]), Question(Scope()), "origin")
    few = [r for r in found if r.detail["group"] == "EWR"]
    assert few and all(r.value is None and "fewer than 30" in str(r.reason) for r in few)


def test_a_hidden_column_makes_no_groups(engine: Engine, build: Build) -> None:
    log = build([rows(200)])
    columns = tuple(replace(c, is_sensitive=c.name == "origin") for c in log.schema.columns)
    hidden = replace(log, schema=replace(log.schema, columns=columns)).without_sensitive()
    with pytest.raises(NameUnknown):
        latency_by(engine, hidden, Question(Scope()), "origin")


def test_a_log_without_latency_promises_nothing(engine: Engine, build: Build) -> None:
    plain = [
        {"row": i, "prediction_id": f"p{i}", "timestamp": T0, "prediction": "1"} for i in range(40)
    ]
    log = build([plain])
    assert promise_results(engine, log, Question(Scope()), PROMISE) == []
    assert load_map(engine, log, Question(Scope()), PROMISE) is None
    assert latency_by(engine, log, Question(Scope()), "model_version") == []
