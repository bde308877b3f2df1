"""Latency, errors, load and resources beside NumPy, SciPy and counting by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analytics import evaluate
from analytics.core import Column, Dataset, Question, Result, Scope, Window
from analytics.errors import NameUnknown
from analytics.evaluate.failing import HIDDEN, error_results, errors, share_of
from analytics.evaluate.serving import latency_map
from analytics.query.engine import Engine

T0 = datetime(2024, 1, 1)
serving_of = sys.modules[latency_map.__module__]  # the module: a function of its name hides it
Build = Callable[..., Dataset]


def rows(latency: list[float | None], status: list[str | None], minutes: float = 10.0) -> list[Any]:
    return [
        {
            "row": i,
            "prediction_id": f"p{i}",
            "timestamp": T0 + timedelta(minutes=minutes * i),
            "model_version": "v1" if i < len(latency) // 2 else "v2",
            "prediction": "1",
            "latency_ms": value,
            "status": said,
            "error_type": None if said in (None, "ok") else "KeyError",
            "error_message": None if said in (None, "ok") else f"no airport 'A{i}' in row {i}",
        }
        for i, (value, said) in enumerate(zip(latency, status, strict=True))
    ]


def named(results: list[Result]) -> dict[str, Result]:
    return {r.name: r for r in results}


@pytest.fixture
def log(build: Build) -> Dataset:
    rng = np.random.default_rng(3)
    latency: list[float | None] = rng.lognormal(2, 1, 1000).round(3).tolist()
    status: list[str | None] = ["error" if i % 50 == 0 else "ok" for i in range(1000)]
    samples = [
        {"timestamp": T0 + timedelta(hours=h), "cpu_percent": 40.0 + h % 7, "memory_mb": 100.0 + h}
        for h in range(166)
    ]
    return build([rows(latency, status)], resources=[samples])


def test_quantiles_are_those_of_answered_requests(engine: Engine, log: Dataset) -> None:
    found = named(evaluate.serving(engine, log, Question(Scope())))
    part = log.log("predictions").parts[0]
    answered = [
        r[0]
        for r in engine.rows(
            f"SELECT latency_ms FROM read_parquet('{part.path}') WHERE status = 'ok'"
        )
    ]
    for share in (50, 90, 95, 99):
        result = found[f"latency_p{share}"]
        expected = np.quantile(answered, share / 100, method="inverted_cdf")
        assert result.value == pytest.approx(expected)
        assert result.n == 980
        assert result.low is not None and result.high is not None
        assert result.low <= expected <= result.high


@settings(max_examples=15)
@given(share=st.sampled_from([0.5, 0.9, 0.95, 0.99]), seed=st.integers(0, 10**6))
def test_intervals_are_ranks_of_the_binomial(share: float, seed: int) -> None:
    """The ranks used cover the quantile of any continuous distribution with about 95 %."""
    n = 500 + seed % 2000
    half = 1.959963984540054 * (share * (1 - share) / n) ** 0.5
    low, high = np.ceil(n * (share - half)), np.ceil(n * (share + half))
    covered = stats.binom.cdf(high - 1, n, share) - stats.binom.cdf(low - 1, n, share)
    assert 0.93 < covered < 0.975


def test_a_quantile_without_rows_beyond_it_has_no_interval(engine: Engine, build: Build) -> None:
    log = build([rows([float(i) for i in range(1, 301)], ["ok"] * 300)])
    found = named(evaluate.serving(engine, log, Question(Scope())))
    assert found["latency_p99"].high is None and found["latency_p99"].interval is None
    assert found["latency_p95"].high is not None


def test_errors_are_counted_with_wilson(engine: Engine, log: Dataset) -> None:
    found = named(evaluate.serving(engine, log, Question(Scope())))["error_rate"]
    expected = stats.binomtest(20, 1000).proportion_ci(method="wilson")
    assert found.value == pytest.approx(0.02)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.detail["n_failed"] == 20


def test_throughput_is_a_poisson_count(engine: Engine, log: Dataset) -> None:
    found = named(evaluate.serving(engine, log, Question(Scope())))["throughput"]
    seconds = 999 * 600
    assert found.value == pytest.approx(1000 / seconds)
    assert found.low == pytest.approx(stats.chi2.ppf(0.025, 2000) / 2 / seconds)
    assert found.high == pytest.approx(stats.chi2.ppf(0.975, 2002) / 2 / seconds)
    assert found.detail["peak_per_minute"] == 1


def test_resources_are_means_of_their_samples(engine: Engine, log: Dataset) -> None:
    found = named(evaluate.serving(engine, log, Question(Scope())))["cpu_percent"]
    values = [40.0 + h % 7 for h in range(166)]
    ends = stats.t.interval(0.95, 165, np.mean(values), stats.sem(values))
    assert (found.value, found.low, found.high) == pytest.approx((np.mean(values), *ends))
    assert found.detail["largest"] == 46 and found.n == 166 and found.version is None


def test_days_add_up_to_the_whole(engine: Engine, log: Dataset) -> None:
    days = evaluate.serving(engine, log, Question(Scope(every="day"), names=("error_rate",)))
    assert sum(r.detail["n_failed"] for r in days) == 20
    assert sum(r.n for r in days) == 1000
    samples = evaluate.serving(engine, log, Question(Scope(every="day"), names=("memory_mb",)))
    assert sum(r.n for r in samples) == 166


def test_samples_belong_to_no_version(engine: Engine, log: Dataset) -> None:
    found = evaluate.serving(engine, log, Question(Scope(by_version=True)))
    assert [r.version for r in found if r.name == "cpu_percent"] == [None]
    assert [r.version for r in found if r.name == "latency_p50"] == ["v1", "v2"]


def test_a_slower_window_is_said(engine: Engine, build: Build) -> None:
    rng = np.random.default_rng(5)
    slow = [*rng.lognormal(1, 0.3, 1000), *rng.lognormal(2, 0.3, 1000)]
    log = build([rows(slow, ["ok"] * 2000, minutes=1)])
    middle = T0 + timedelta(minutes=1000)
    question = Question(Scope(window=Window(middle, None)), Scope(window=Window(None, middle)))
    found = named(evaluate.serving(engine, log, question))
    assert found["latency_p95"].verdict == "critical"
    assert found["error_rate"].verdict == "ok"
    assert found["throughput"].verdict == "undefined"


def test_errors_of_one_kind_are_one(engine: Engine, log: Dataset) -> None:
    (found,) = errors(engine, log, Question(Scope()))
    assert found.n == 20 and found.kind == "KeyError"
    assert found.message == "no airport … in row …"
    assert found.first == T0 and found.first_version == "v1" and found.versions == ("v1", "v2")
    assert found.examples == ("p950", "p900", "p850")


def test_an_error_kind_is_a_share_of_all_requests(engine: Engine, log: Dataset) -> None:
    (found,) = errors(engine, log, Question(Scope()))
    expected = stats.binomtest(20, 1000).proportion_ci(method="wilson")
    assert share_of(found) == pytest.approx((0.02, expected.low, expected.high))
    by_hand, _ = np.histogram([i * 50 for i in range(20)], bins=24, range=(0, 999))
    assert found.counts == tuple(by_hand)
    (result,) = error_results(engine, log, Question(Scope()))
    assert (result.n, result.detail["n_failed"], result.detail["first_version"]) == (1000, 20, "v1")
    window = Window(T0 + timedelta(minutes=10 * 500), None)
    (late,) = errors(engine, log, Question(Scope(window=window)))
    assert late.n == 10 and late.n_all == 500 and late.first_version == "v2"


def test_values_leave_no_trace_in_a_message(engine: Engine, build: Build) -> None:
    """Errors that differ in a number, a quoted name, an id or an address only are one kind."""
    rng = np.random.default_rng(11)
    records = rows([None] * 300, ["error"] * 300)
    for record in records:
        name = "".join(rng.choice(list("abcdefxyz"), int(rng.integers(1, 9))))
        number, unique = rng.integers(0, 10**9), UUID(bytes=rng.bytes(16))
        record["error_message"] = (
            f"row {number} of '{name}': id {unique}, ask {name}@x.org or `{name}`"
        )
    (found,) = errors(engine, build([records]), Question(Scope()))
    assert found.n == 300 and found.message == "row … of …: id …, ask … or …"


def test_who_may_not_see_sensitive_columns_sees_no_message(engine: Engine, log: Dataset) -> None:
    secret = Column("income", "feature", "numeric", is_sensitive=True)
    schema = replace(log.schema, columns=(*log.schema.columns, secret))
    masked = replace(log, schema=schema).without_sensitive()
    (found,) = errors(engine, masked, Question(Scope()))
    assert found.message == HIDDEN and found.n == 20


def test_the_map_of_latency_sums_to_one(engine: Engine, log: Dataset) -> None:
    found = latency_map(engine, log, Question(Scope(every="day")))
    assert found is not None
    assert np.sum(found.shares, axis=0) == pytest.approx(np.ones(len(found.windows)))
    assert len(found.edges_ms) == len(found.shares) + 1


def test_a_log_without_latency_and_status(engine: Engine, build: Build) -> None:
    plain = [
        {"row": i, "prediction_id": f"p{i}", "timestamp": T0, "prediction": "1"} for i in range(40)
    ]
    log = build([plain])
    found = named(evaluate.serving(engine, log, Question(Scope())))
    assert set(found) == {"throughput"}  # no status was logged: whether requests failed is unknown
    assert latency_map(engine, log, Question(Scope())) is None
    assert errors(engine, log, Question(Scope())) == ()


def test_a_name_that_is_none(engine: Engine, log: Dataset) -> None:
    with pytest.raises(NameUnknown, match="latency_p98"):
        evaluate.serving(engine, log, Question(Scope(), names=("latency_p98",)))


@pytest.mark.parametrize("is_compared", [False, True])
def test_errors_alone_are_those_that_are_asked_for_with_everything(
    engine: Engine, log: Dataset, monkeypatch: pytest.MonkeyPatch, is_compared: bool
) -> None:
    """Latencies are read for them only where both are judged together."""
    reference = Scope(window=Window(T0, T0 + timedelta(days=2))) if is_compared else None
    asked = Question(Scope(every="day"), reference)
    everything = evaluate.serving(engine, log, asked)
    read = []
    latencies = serving_of.latencies

    def noting(*scope: Any) -> Any:
        read.append(scope)
        return latencies(*scope)

    monkeypatch.setattr(serving_of, "latencies", noting)
    found = evaluate.serving(engine, log, replace(asked, names=("error_rate",)))
    assert found == [r for r in everything if r.name == "error_rate"] and len(found) == 7
    assert bool(read) == is_compared
