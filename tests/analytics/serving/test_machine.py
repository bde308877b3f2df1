"""Resources, silences and cost beside NumPy, SciPy and counting by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analytics import evaluate
from analytics.core import Dataset, Question, Result, Scope, Window
from analytics.evaluate.machine import cost_results, machine_results, silence_results, uses_of
from analytics.query.engine import Engine
from analytics.serving.resources import first_full, has_gpu, resource_of
from analytics.serving.silence import cost_per_1000, usual_silence

T0 = datetime(2024, 1, 1)
Build = Callable[..., Dataset]


def request(i: int, moment: datetime, status: str = "ok") -> dict[str, Any]:
    return {
        "row": i, "prediction_id": f"p{i}", "timestamp": moment, "model_version": "v1",
        "prediction": "1", "latency_ms": 5.0, "status": status, "origin": "JFK" if i % 2 else "LGA",
    }  # fmt: skip


def every(minutes: float, days: int, quiet: tuple[int, int] = (0, 0)) -> list[dict[str, Any]]:
    """Requests at equal distances, none in the quiet minutes."""
    n = int(days * 1440 / minutes)
    moments = [i * minutes for i in range(n) if not quiet[0] < i * minutes < quiet[1]]
    return [request(i, T0 + timedelta(minutes=m)) for i, m in enumerate(moments)]


@pytest.fixture
def log(build: Build) -> Dataset:
    """Ten days with a request every 5 minutes, silent for 100 hours, and a CPU that fills up."""
    rng = np.random.default_rng(7)
    samples = [
        {
            "timestamp": T0 + timedelta(minutes=10 * i),
            "cpu_percent": 96.0 if 700 <= i < 900 else 30 + 10 * rng.random(),
            "memory_percent": 50 + 0.05 * i,
            "process_cpu_percent": 250.0,
            "pressure_io_percent": 99.0,
            "network_in_mb_s": 3.0,
            "queue_length": float(i % 4),
        }
        for i in range(1000)
    ]
    return build([every(5, 10, (3000, 9000))], resources=[samples])


def by_column(results: list[Result]) -> dict[str | None, Result]:
    return {r.column: r for r in results}


def test_what_was_full_first_is_named(engine: Engine, log: Dataset) -> None:
    uses = uses_of(engine, log, Question(Scope()))
    first = first_full(uses)
    assert first is not None and first.resource.name == "CPU"
    assert first.first_full == T0 + timedelta(minutes=7000)  # memory only from minute 9,000 on
    named = {u.resource.column: u for u in uses}
    assert named["memory_percent"].first_full == T0 + timedelta(minutes=9000)
    found = by_column(machine_results(engine, log, Question(Scope())))
    ends = stats.binomtest(200, 1000).proportion_ci(method="wilson")
    cpu = found["cpu_percent"]
    assert (cpu.value, cpu.low, cpu.high, cpu.n) == pytest.approx((0.2, ends.low, ends.high, 1000))
    values = [50 + 0.05 * i for i in range(1000)]
    memory = found["memory_percent"].detail
    assert memory["mean"] == pytest.approx(np.mean(values))
    assert memory["p95"] == pytest.approx(np.quantile(values, 0.95, method="inverted_cdf"))
    assert memory["largest"] == pytest.approx(max(values))


def test_what_has_no_limit_is_not_judged(engine: Engine, log: Dataset) -> None:
    """Several cores of a process, waiting and queues are never full."""
    found = by_column(machine_results(engine, log, Question(Scope())))
    for column in ("process_cpu_percent", "pressure_io_percent", "network_in_mb_s", "queue_length"):
        assert found[column].value is None and "no limit" in str(found[column].reason)
        assert found[column].detail["first_full"] is None


def test_a_hiccup_is_not_full(engine: Engine, build: Build) -> None:
    samples = [
        {"timestamp": T0 + timedelta(minutes=i), "cpu_percent": 99.0 if i == 5 else 40.0}
        for i in range(50)
    ]
    log = build([every(5, 1)], resources=[samples])
    assert first_full(uses_of(engine, log, Question(Scope()))) is None
    window = Scope(window=Window(T0 + timedelta(minutes=10), None))
    assert uses_of(engine, log, Question(window))[0].n == 40


@pytest.mark.parametrize(
    ("column", "name", "unit"),
    [
        ("gpu_memory_mb", "GPU memory", "MB"),
        ("gpu1_power_w", "gpu1_power", "W"),
        ("disk_read_mb_s", "Disk read", "MB/s"),
        ("container_cpu_limit", "Container CPU limit, cores", ""),
        ("heap_bytes", "heap", "bytes"),
        ("gc_ms", "gc", "ms"),
        ("queue_length", "queue_length", ""),
        ("w", "w", "W"),
    ],
)
def test_a_column_is_named_with_its_unit(column: str, name: str, unit: str) -> None:
    found = resource_of(column)
    assert (found.name, found.unit) == (name, unit)


def test_no_gpu_is_not_zero(engine: Engine, log: Dataset) -> None:
    assert not has_gpu([u.resource.column for u in uses_of(engine, log, Question(Scope()))])
    assert has_gpu(["cpu_percent", "gpu0_percent"])
    numbers = evaluate.serving(engine, log, Question(Scope()))
    assert not [r for r in numbers if r.name.startswith("gpu")]


def test_the_longest_silence_stands_beside_the_usual(engine: Engine, log: Dataset) -> None:
    usual, longest, *_ = silence_results(engine, log, Question(Scope()))
    assert longest.value == 6000 * 60
    assert longest.window == Window(T0 + timedelta(minutes=3000), T0 + timedelta(minutes=9000))
    by_day = sorted([300.0] * 6 + [6000 * 60.0])  # days on which a silence began
    assert usual.n == 7 and usual.value == np.median(by_day)
    assert (usual.low, usual.high) == (by_day[0], by_day[-1])  # seven days bound it no closer
    assert longest.detail["times_usual"] == pytest.approx(1200)


def test_silences_beside_a_plain_difference(engine: Engine, build: Build) -> None:
    """However requests come, the silences are those of the sorted moments."""
    rng = np.random.default_rng(2)
    seconds = np.cumsum(rng.exponential(100, 8000))
    given = [request(i, T0 + timedelta(seconds=float(s))) for i, s in enumerate(seconds)]
    found = silence_results(engine, build([given]), Question(Scope()))
    gaps = np.sort(np.diff(seconds))[::-1]
    assert [r.value for r in found[1:]] == pytest.approx(gaps[:5], abs=1e-5)
    days = (seconds[:-1] // 86400).astype(int)
    by_day = [np.diff(seconds)[days == d].max() for d in np.unique(days)]
    assert found[0].value == pytest.approx(np.median(by_day), abs=1e-5)


def test_few_days_have_no_usual_silence(engine: Engine, build: Build) -> None:
    usual, longest, *_ = silence_results(engine, build([every(5, 3)]), Question(Scope()))
    assert usual.value is None and "fewer than 7 days" in str(usual.reason)
    assert longest.value == 300 and longest.detail["times_usual"] is None
    busy = [request(i, T0 + timedelta(seconds=i)) for i in range(500)]
    assert len(silence_results(engine, build([busy]), Question(Scope()))) == 1
    assert usual_silence([]).value is None


def test_the_cost_is_of_all_hours_and_of_answered_requests(engine: Engine, build: Build) -> None:
    given = [
        request(i, T0 + timedelta(minutes=6 * i), "error" if i % 10 == 0 else "ok")
        for i in range(1001)
    ]
    (found,) = cost_results(engine, build([given]), Question(Scope()), 1.8)
    assert found.value == pytest.approx(1.8 * 100 / 0.9)  # 100 hours, 900 answers
    low, high = stats.chi2.ppf(0.025, 1800) / 2, stats.chi2.ppf(0.975, 1802) / 2
    assert (found.low, found.high) == pytest.approx((180_000 / high, 180_000 / low))
    assert found.n == 900 and found.detail["hours"] == 100
    assert cost_per_1000(0, 3600, 1.0, (0.0, 3.7)).reason == "no request was answered"


def test_nothing_measured_gives_nothing(engine: Engine, build: Build) -> None:
    plain = build([[{"row": i, "prediction_id": f"p{i}", "prediction": "1"} for i in range(9)]])
    assert machine_results(engine, plain, Question(Scope())) == []
    assert silence_results(engine, plain, Question(Scope())) == []
    assert cost_results(engine, plain, Question(Scope()), 1.0) == []
