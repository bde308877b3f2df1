"""When a change deserves a word, and when a constant threshold does."""

from __future__ import annotations

import pytest

from analytics.catalog import metrics_for
from analytics.core import Estimate
from analytics.evaluate.verdict import compare, judge, tolerance_of

AUC = metrics_for("binary")["roc_auc"].metric
MAE = metrics_for("regression")["mae"].metric


def estimate(value: float, se: float, n: int = 1000) -> Estimate:
    return Estimate(value, value - 1.96 * se, value + 1.96 * se, "normal", n, se)


def verdict(current: Estimate, reference: Estimate, metric: object = AUC) -> str:
    compared = compare(metric, current, reference)  # type: ignore[arg-type]
    return judge([(compared.evidence, tolerance_of(metric))], [(current, metric.better, None)])[0][
        0
    ]  # type: ignore[arg-type, attr-defined]


def test_a_fall_needs_both_size_and_evidence() -> None:
    assert verdict(estimate(0.60, 0.005), estimate(0.72, 0.005)) == "critical"
    assert verdict(estimate(0.69, 0.003), estimate(0.72, 0.003)) == "warning"
    assert verdict(estimate(0.60, 0.20), estimate(0.72, 0.005)) == "ok"  # large, but only chance
    assert verdict(estimate(0.719, 1e-5), estimate(0.72, 1e-5)) == "ok"  # certain, but small


def test_a_rise_of_what_should_be_high_is_no_alarm() -> None:
    assert verdict(estimate(0.80, 0.005), estimate(0.72, 0.005)) == "ok"
    assert verdict(estimate(30.0, 0.1), estimate(20.0, 0.1), MAE) == "critical"
    assert verdict(estimate(10.0, 0.1), estimate(20.0, 0.1), MAE) == "ok"


def test_the_comparison_is_shown_with_its_interval() -> None:
    detail = compare(AUC, estimate(0.60, 0.03), estimate(0.72, 0.04)).detail
    assert detail["change"] == pytest.approx(-0.12)
    assert detail["change_low"] == pytest.approx(-0.12 - 1.96 * 0.05, abs=1e-6)
    assert detail["p_value"] == pytest.approx(0.0163951, abs=1e-5)  # two-sided, z = 2.4


def test_nothing_to_compare_with_is_no_verdict_on_change() -> None:
    assert compare(AUC, estimate(0.6, 0.01), None).evidence.value is None
    assert (
        compare(AUC, Estimate.undefined("no labels yet"), estimate(0.7, 0.01)).evidence.value
        is None
    )


@pytest.mark.parametrize(
    ("value", "se", "expected"),
    [
        (0.75, 0.001, "ok"),
        (0.69, 0.001, "warning"),
        (0.59, 0.001, "critical"),
        (0.59, 0.02, "warning"),
    ],
)
def test_constant_thresholds(value: float, se: float, expected: str) -> None:
    current = estimate(value, se)
    undecided = compare(AUC, current, None).evidence
    assert judge([(undecided, (0.02, 0.05))], [(current, "higher", (0.7, 0.6))])[0][0] == expected


def test_one_strange_number_among_many_is_chance() -> None:
    """p = 0.02 alone is evidence; as the least of thirty it is not."""
    odd = Estimate(0.1, detail={"p_value": 0.02, "above_floor": 0.1})
    calm = Estimate(0.0, detail={"p_value": 0.6, "above_floor": 0.0})
    none = (estimate(0.7, 0.01), "higher", None)
    alone = judge([(odd, (0.02, 0.05))], [none])  # type: ignore[list-item]
    among = judge([(odd, (0.02, 0.05))] + [(calm, (0.02, 0.05))] * 29, [none] * 30)  # type: ignore[list-item]
    assert alone[0][0] == "critical"
    assert among[0][0] == "ok"
