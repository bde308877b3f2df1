"""Laws that every metric obeys, on any log: written once, run over all declarations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.catalog import all_metrics
from analytics.core import Estimate, Metric
from analytics.needs import (
    ClassScores,
    Confusion,
    Pairs,
    Quantiles,
    Rankings,
    Ranks,
    Scores,
    Valued,
)

# Tied items keep the order they were logged in, and groups carry no weights: see test_rankings.
METRICS = [
    pytest.param(m, id=f"{m.name}-{m.tasks[0]}") for m in all_metrics() if m.needs is not Rankings
]
# Numbers that lose what chance adds, or grow with the rows: twice the rows is another value.
OF_SIZE = ("brier_reliability", "brier_resolution", "brier_uncertainty", "spiegelhalter_z")
Row = tuple[int, int, float, float]
ROWS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 2),
        st.integers(0, 10).map(lambda x: x / 10),
        st.floats(0, 50).map(lambda x: round(x, 2)),
    ),
    min_size=1,
    max_size=30,
)
CLASSES = ("a", "b", "c")


def need_of(metric: Metric, rows: list[Row], weight: float = 1.0) -> Any:
    true, pred = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    score, number = np.array([r[2] for r in rows]), np.array([r[3] for r in rows])
    w = np.full(len(rows), weight)
    if metric.needs is Pairs:
        return Pairs.from_arrays(number, number + 3 * (true - pred), sample_weight=w)
    if metric.needs is Scores:
        return Scores.from_arrays(true == 1, score, sample_weight=w)
    if metric.needs is ClassScores:
        parts = {
            c: Scores.from_arrays(true == i, np.where(pred == i, score, (1 - score) / 2))
            for i, c in enumerate(CLASSES)
        }
        return ClassScores(parts, len(rows))
    if metric.needs is Quantiles:
        bounds = np.array([number - score, number, number + pred])
        return Quantiles(number + (true - 1) * 0.5, (0.1, 0.5, 0.9), bounds, w)
    if metric.needs is Ranks:
        scores = np.where(np.arange(3) == pred[:, None], score[:, None], 0.5)
        return Ranks.from_arrays(true, scores, sample_weight=w)
    names = np.array(CLASSES)
    if metric.needs is Valued:
        counts = Confusion.from_arrays(
            names[true], names[pred], sample_weight=w, classes=CLASSES, positive="b"
        )
        return Valued(counts, {("a", "b"): -2.0, ("b", "b"): 1.5, ("c", "a"): -7.0})
    return Confusion.from_arrays(
        names[true], names[pred], sample_weight=w, classes=CLASSES, positive="b"
    )


def answers(metric: Metric, rows: list[Row], weight: float = 1.0) -> list[Estimate]:
    need = need_of(metric, rows, weight)
    of: list[str | None] = [*metric.averages]
    of.append("b" if metric.per_class or metric.name == "positive_rate" else None)
    return [metric.compute(need, of=kind) for kind in of]


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=25)
@given(ROWS)
def test_a_number_with_its_interval_or_a_reason(metric: Metric, rows: list[Row]) -> None:
    for found in answers(metric, rows):
        if found.value is None:
            assert found.reason and found.low is None and found.high is None
            continue
        assert found.low is not None and found.high is not None and found.interval
        assert math.isfinite(found.low) and math.isfinite(found.high)
        assert found.low <= found.value <= found.high
        assert found.n == len(rows)
        if metric.unit == "share" or metric.name in ("roc_auc", "average_precision", "ece"):
            assert 0 <= found.low and found.high <= 1
        if metric.better == "lower":
            assert found.low >= 0
        if metric.name in ("mcc", "r2"):
            assert found.high <= 1


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=15)
@given(ROWS, st.randoms())
def test_the_order_of_rows_does_not_matter(metric: Metric, rows: list[Row], random: Any) -> None:
    mixed = list(rows)
    random.shuffle(mixed)
    for one, two in zip(answers(metric, rows), answers(metric, mixed), strict=True):
        for name in ("value", "low", "high", "se"):
            a, b = getattr(one, name), getattr(two, name)
            assert a == b or a == pytest.approx(b, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=15)
@given(ROWS)
def test_every_row_twice_is_the_same_value_more_surely(metric: Metric, rows: list[Row]) -> None:
    rows = rows * 2  # a single row has no mean
    for one, two in zip(answers(metric, rows), answers(metric, rows * 2), strict=True):
        assert (one.value is None) == (two.value is None)
        if one.value is None or one.se is None or two.se is None or metric.name in OF_SIZE:
            continue
        assert two.value == pytest.approx(one.value, rel=1e-9, abs=1e-9)
        if metric.name not in ("ece", "median_ae"):  # simulated ends, and ends that are rows
            assert two.se <= one.se * 1.0001 + 1e-9


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=15)
@given(ROWS, st.sampled_from([0.25, 3.0]))
def test_a_weight_that_all_rows_carry_changes_nothing(
    metric: Metric, rows: list[Row], weight: float
) -> None:
    for one, two in zip(answers(metric, rows), answers(metric, rows, weight), strict=True):
        for name in ("value", "low", "high"):
            a, b = getattr(one, name), getattr(two, name)
            assert a == b or a == pytest.approx(b, rel=1e-6, abs=1e-9)


def declared(name: str) -> Metric:
    return next(m for m in all_metrics() if m.name == name)


@given(ROWS)
def test_a_monotone_map_of_scores_leaves_the_ranking(rows: list[Row]) -> None:
    mapped = [(t, p, s**3 / 2 + 0.1, y) for t, p, s, y in rows]
    for name in ("roc_auc", "average_precision"):
        metric = declared(name)
        one, two = answers(metric, rows)[-1], answers(metric, mapped)[-1]
        assert (one.value, one.low, one.high) == (two.value, two.low, two.high)


@given(ROWS)
def test_swapping_classes_and_scores_is_the_same_ranking(rows: list[Row]) -> None:
    truth = np.array([r[0] == 1 for r in rows])
    score = np.array([r[2] for r in rows])
    for name in ("roc_auc", "brier", "log_loss", "ece"):
        one = declared(name).compute(Scores.from_arrays(truth, score))
        two = declared(name).compute(Scores.from_arrays(~truth, 1 - score))
        if one.value is not None:
            assert two.value == pytest.approx(one.value, abs=1e-9)


@given(ROWS)
def test_swapping_the_two_classes_swaps_recall_and_specificity(rows: list[Row]) -> None:
    true = [str(r[0] % 2) for r in rows]
    pred = [str(r[1] % 2) for r in rows]
    counts = Confusion.from_arrays(true, pred, classes=("0", "1"), positive="1")
    recall, specificity = declared("recall"), declared("specificity")
    one, two = recall.compute(counts, of="1"), specificity.compute(counts, of="0")
    assert (one.value, one.low, one.high) == (two.value, two.low, two.high)
    flip = {"0": "1", "1": "0"}
    turned = Confusion.from_arrays([flip[t] for t in true], pred, classes=("0", "1"))
    one, two = declared("mcc").compute(counts), declared("mcc").compute(turned)
    if one.value is not None and two.value is not None:
        assert one.value == pytest.approx(-two.value)


@given(ROWS, ROWS)
def test_counts_of_two_windows_add_up(a: list[Row], b: list[Row]) -> None:
    metric = declared("accuracy")
    one, two, both = (need_of(metric, rows) for rows in (a, b, a + b))
    merged = Confusion(CLASSES, one.counts + two.counts, one.n + two.n, one.sum_w2 + two.sum_w2)
    assert (merged.counts == both.counts).all() and merged.n_effective == both.n_effective
    for name in ("accuracy", "balanced_accuracy", "mcc"):
        assert declared(name).compute(merged).value == declared(name).compute(both).value
