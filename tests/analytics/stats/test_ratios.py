"""Ratios of confusion counts: gradients beside numeric ones, and averages at the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analytics.needs import Confusion
from analytics.performance.mcc import _gradient
from analytics.stats.ratios import (
    F1,
    JACCARD,
    PRECISION,
    RECALL,
    SPECIFICITY,
    Ratio,
    averaged,
    class_index,
    delta_se,
    mean_of_shares,
    of_class,
)

CELLS = np.array([[30.0, 4.0, 1.0], [5.0, 20.0, 2.0], [3.0, 0.0, 9.0]])


def table(cells: np.ndarray) -> Confusion:
    return Confusion(tuple("abc"), cells, int(cells.sum()), float(cells.sum()))


def numeric(function, cells: np.ndarray) -> np.ndarray:
    found = np.zeros_like(cells)
    for i, j in np.ndindex(*cells.shape):
        step = np.zeros_like(cells)
        step[i, j] = 1e-5
        found[i, j] = (function(cells + step) - function(cells - step)) / 2e-5
    return found


@pytest.mark.parametrize("ratio", [PRECISION, RECALL, F1, JACCARD, SPECIFICITY])
def test_gradient_is_the_numeric_one(ratio: Ratio) -> None:
    weight = np.array([0.2, 0.5, 0.3])
    expected = numeric(lambda cells: float(weight @ ratio.parts(cells)[0]), CELLS)
    assert ratio.gradient(CELLS, weight) == pytest.approx(expected, abs=1e-7)


def test_mcc_gradient_is_the_numeric_one() -> None:
    def mcc(cells: np.ndarray) -> float:
        true, pred, total = cells.sum(1), cells.sum(0), cells.sum()
        top = np.trace(cells) * total - true @ pred
        return float(top / math.sqrt((total**2 - true @ true) * (total**2 - pred @ pred)))

    shares = CELLS / CELLS.sum()
    # the gradients may differ by a constant: shares add up to one
    difference = _gradient(shares, mcc(shares)) - numeric(mcc, shares)
    assert np.ptp(difference) == pytest.approx(0, abs=1e-6)


def test_delta_se_of_a_share_is_the_binomial_one() -> None:
    counts = table(CELLS)
    gradient = np.eye(3) / CELLS.sum()
    share = np.trace(CELLS) / CELLS.sum()
    assert delta_se(counts, gradient) == pytest.approx(math.sqrt(share * (1 - share) / CELLS.sum()))


def test_weighted_recall_is_accuracy_with_its_standard_error() -> None:
    counts = table(CELLS)
    weighted, pooled = averaged(counts, RECALL, "weighted"), averaged(counts, RECALL, "micro")
    assert weighted.value == pytest.approx(pooled.value)
    assert weighted.se == pytest.approx(pooled.se)


def test_delta_se_agrees_with_drawing_the_table_anew() -> None:
    rng, counts = np.random.default_rng(5), table(CELLS * 10)
    p = CELLS.ravel() / CELLS.sum()
    drawn = rng.multinomial(int(CELLS.sum() * 10), p, 4000).reshape(-1, 3, 3)
    for ratio in (F1, SPECIFICITY):
        values = [float(ratio.parts(cells.astype(float))[0].mean()) for cells in drawn]
        assert averaged(counts, ratio, "macro").se == pytest.approx(np.std(values), rel=0.05)


def test_a_class_without_a_value_counts_zero_and_is_named() -> None:
    counts = Confusion.from_arrays(list("aabbc"), list("aabbb"))
    found = averaged(counts, PRECISION, "macro")
    assert found.value == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert found.detail["counted_zero"] == ["c"]


def test_classes_that_never_occur_stay_out() -> None:
    counts = Confusion.from_arrays(list("aabb"), list("aabb"), classes=tuple("abz"))
    for ratio in (PRECISION, RECALL, F1, SPECIFICITY):
        assert averaged(counts, ratio, "macro").value == 1


def test_all_right_is_not_certain() -> None:
    counts = Confusion.from_arrays(list("ab" * 10), list("ab" * 10))
    for ratio in (PRECISION, RECALL, F1, SPECIFICITY):
        for average in ("macro", "micro", "weighted"):
            found = averaged(counts, ratio, average)
            assert found.value == found.high == 1
            assert found.low is not None and 0.6 < found.low < 0.95


def test_unknown_class_and_no_rows_have_a_reason() -> None:
    counts = table(CELLS)
    assert class_index(counts, "q") is None and class_index(counts, None) is None
    assert of_class(counts, RECALL, "q", "").reason
    empty = Confusion.from_arrays([], [])
    assert "no labelled rows" in (averaged(empty, F1, "macro").reason or "")
    assert "no labelled rows" in (of_class(empty, F1, "a", "").reason or "")


def test_mean_of_one_share_is_wilson() -> None:
    counts = table(CELLS)
    only = mean_of_shares(counts, RECALL, np.array([True, False, False]), 1)
    whole = of_class(counts, RECALL, "a", "")
    assert (only.value, only.low, only.high) == pytest.approx((whole.value, whole.low, whole.high))
