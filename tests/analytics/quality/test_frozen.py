"""Frozen: a run as long as the reference's is nothing, one that never ends is."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.needs import ColumnCounts
from analytics.quality.frozen import CHECK, run_p, usual_run
from analytics.stats.decision import decide


def counts(run: float, before: float, n: int = 1000) -> ColumnCounts:
    return ColumnCounts(
        n=n,
        n_missing=0,
        n_distinct=2,
        longest_run=run,
        n_reference=1000,
        longest_run_reference=before,
    )


def test_a_value_that_never_moves_any_more() -> None:
    answer = CHECK.compute(counts(1.0, 0.01))
    assert answer.value == 1.0
    assert answer.detail["is_never_moved"] is True
    assert decide([(answer, CHECK.tolerance)])[0][0] == "critical"


def test_runs_like_those_of_the_reference() -> None:
    answer = CHECK.compute(counts(0.012, 0.01))
    assert decide([(answer, CHECK.tolerance)])[0][0] == "ok"


def test_what_never_moved_before_is_no_news() -> None:
    answer = CHECK.compute(counts(1.0, 1.0))
    assert answer.detail["p_value"] == 1.0
    assert answer.detail["above_floor"] == 0.0
    assert answer.detail["reference_never_moved"] is True


def test_without_a_reference_the_reason_says_that_it_never_moved() -> None:
    answer = CHECK.compute(ColumnCounts(n=500, n_missing=0, n_distinct=1, longest_run=1.0))
    assert answer.value == 1.0
    assert answer.reason == "one value in all 500 rows, and no reference to compare with"
    assert CHECK.compute(ColumnCounts(n=3, n_missing=3, n_distinct=0)).value is None


def longest(values: np.ndarray) -> int:
    ends = np.flatnonzero(np.r_[np.diff(values) != 0, True])
    return int(np.diff(np.r_[-1, ends]).max())


def test_the_law_of_runs() -> None:
    rng = np.random.default_rng(9)
    repeat, n = 0.6, 500
    runs = []
    for _ in range(2000):
        jumps = rng.random(n) > repeat
        runs.append(longest(np.cumsum(jumps)))
    assert np.mean(runs) == pytest.approx(usual_run(repeat, n), rel=0.06)
    for length in (12, 15, 18):
        assert np.mean(np.array(runs) >= length) == pytest.approx(
            run_p(length, n, repeat), abs=0.03
        )


@pytest.mark.parametrize("p", [0.5, 0.9, 0.99])
def test_no_change_is_rarely_reported(p: float) -> None:
    rng = np.random.default_rng(10)
    flagged = 0
    for _ in range(300):
        ref, cur = rng.random(1000) < p, rng.random(300) < p
        need = counts(longest(cur) / 300, longest(ref) / 1000, 300)
        flagged += decide([(CHECK.compute(need), CHECK.tolerance)])[0][0] != "ok"
    assert flagged <= 15
