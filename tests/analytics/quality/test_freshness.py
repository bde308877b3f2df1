"""Freshness: silent without a clock, and measured in usual gaps."""

from __future__ import annotations

import pytest

from analytics.needs import LogCounts
from analytics.quality.freshness import CHECK
from analytics.stats.decision import decide


def test_silent_in_demo_and_replay() -> None:
    answer = CHECK.compute(LogCounts(n=100))
    assert (answer.value, answer.reason) == (None, "no clock in demo and replay")


def test_by_hand() -> None:
    answer = CHECK.compute(LogCounts(n=100, age_s=120.0, typical_gap_s=60.0))
    assert answer.value == 120.0
    assert answer.detail["p_value"] == pytest.approx(1e-4)
    assert answer.detail["above_floor"] == 1.0


@pytest.mark.parametrize(("age", "verdict"), [(50, "ok"), (240, "warning"), (6000, "critical")])
def test_verdicts(age: float, verdict: str) -> None:
    answer = CHECK.compute(LogCounts(n=100, age_s=age, typical_gap_s=60.0))
    assert decide([(answer, CHECK.tolerance)])[0][0] == verdict


@pytest.mark.parametrize("gap", [None, 0.0, float("nan"), float("inf")])
def test_without_a_usual_gap_there_is_an_age_only(gap: float | None) -> None:
    answer = CHECK.compute(LogCounts(n=1, age_s=1e300, typical_gap_s=gap))
    assert answer.value == 1e300
    assert "p_value" not in answer.detail
