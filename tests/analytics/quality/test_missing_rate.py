"""Missing rate: a share with its interval, and a change with its evidence."""

from __future__ import annotations

import pytest

from analytics.needs import ColumnCounts
from analytics.quality.missing_rate import CHECK


def test_by_hand() -> None:
    answer = CHECK.compute(
        ColumnCounts(n=100, n_missing=20, n_distinct=0, n_reference=1000, n_missing_reference=100)
    )
    assert answer.value == 0.2
    assert (answer.low, answer.high) == (
        pytest.approx(0.133367, abs=1e-6),
        pytest.approx(0.288829, abs=1e-6),
    )
    assert answer.detail["change"] == pytest.approx(0.1)
    assert answer.detail["p_value"] == pytest.approx(0.002225, abs=1e-6)
    # pooled 120 / 1100, noise sqrt(2 / pi) * sqrt(.1091 * .8909 * (1 / 100 + 1 / 1000))
    assert answer.detail["above_floor"] == pytest.approx(0.1 - 0.0260882, abs=1e-6)


def test_fewer_missing_is_a_change_too() -> None:
    answer = CHECK.compute(
        ColumnCounts(n=500, n_missing=0, n_distinct=0, n_reference=500, n_missing_reference=250)
    )
    assert answer.detail["above_floor"] > 0.4
    assert answer.detail["p_value"] < 1e-50


@pytest.mark.parametrize(("n", "n_reference"), [(500, 0), (29, 500), (500, 29)])
def test_a_share_without_a_verdict(n: int, n_reference: int) -> None:
    answer = CHECK.compute(ColumnCounts(n=n, n_missing=n, n_distinct=0, n_reference=n_reference))
    assert answer.value == 1.0
    assert answer.reason
    assert "p_value" not in answer.detail


def test_no_rows() -> None:
    answer = CHECK.compute(ColumnCounts(n=0, n_missing=0, n_distinct=0, n_reference=100))
    assert (answer.value, answer.reason) == (None, "no rows")
