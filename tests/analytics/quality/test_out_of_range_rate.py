"""Out of range: the exact law of what a second sample leaves outside."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import betabinom

from analytics.needs import ColumnCounts
from analytics.quality.out_of_range_rate import CHECK, at_least_outside


def test_by_hand() -> None:
    answer = CHECK.compute(
        ColumnCounts(n=100, n_missing=0, n_distinct=0, n_outside=10, n_reference=99)
    )
    assert answer.value == 0.1
    assert answer.detail["expected"] == 0.02
    assert answer.detail["above_floor"] == pytest.approx(
        0.1 - 0.02 - 0.7978846 * 0.0197007, abs=1e-6
    )
    assert answer.detail["p_value"] == pytest.approx(float(betabinom(100, 2, 98).sf(9)), rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(5, 3), (40, 400), (400, 40)])
def test_the_law_is_beta_binomial(n: int, m: int) -> None:
    known = betabinom(n, 2, m - 1).sf(np.arange(n + 1) - 1)
    assert [at_least_outside(k, n, m) for k in range(n + 1)] == pytest.approx(
        known.tolist(), rel=1e-8
    )


def test_missing_values_are_no_numbers() -> None:
    counts = ColumnCounts(n=100, n_missing=50, n_distinct=0, n_outside=5, n_reference=100)
    assert CHECK.compute(counts).value == 0.1
    assert CHECK.compute(ColumnCounts(n=9, n_missing=9, n_distinct=0)).value is None


def test_no_reference() -> None:
    answer = CHECK.compute(ColumnCounts(n=100, n_missing=0, n_distinct=0))
    assert (answer.value, answer.reason) == (0.0, "no reference to compare with")
