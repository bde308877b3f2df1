"""Duplicate rate: more than before counts, and a larger window has more by chance."""

from __future__ import annotations

from analytics.needs import LogCounts
from analytics.quality.duplicate_rate import CHECK
from analytics.stats.decision import decide


def test_by_hand() -> None:
    answer = CHECK.compute(LogCounts(n=1000, n_duplicates=200, n_reference=1000))
    assert answer.value == 0.2
    assert answer.detail["change"] == 0.2
    assert decide([(answer, CHECK.tolerance)])[0][0] == "critical"


def test_fewer_is_no_alarm() -> None:
    answer = CHECK.compute(
        LogCounts(n=1000, n_duplicates=0, n_reference=1000, n_duplicates_reference=500)
    )
    assert answer.detail["above_floor"] == 0.0


def test_a_larger_window_repeats_more() -> None:
    answer = CHECK.compute(
        LogCounts(n=10_000, n_duplicates=1000, n_reference=1000, n_duplicates_reference=10)
    )
    assert answer.detail["reference"] == 0.1
    assert answer.detail["above_floor"] == 0.0


def test_without_rows_or_reference() -> None:
    assert CHECK.compute(LogCounts(n=0)).reason == "no rows"
    assert CHECK.compute(LogCounts(n=50, n_duplicates=5)).value == 0.1
