"""DeLong and the jackknife from grouped counts beside slow versions over rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from analytics.needs import Scores
from analytics.stats.ranking import delong, effective, hanley_mcneil, precision_over_recall

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=4, max_size=40)


def split(rows: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([t for t, _ in rows]), np.array([s / 6 for _, s in rows])


@given(ROWS)
def test_delong_from_counts_is_delong_from_rows(rows: list[tuple[bool, int]]) -> None:
    truth, score = split(rows)
    pos, neg = score[truth], score[~truth]
    if min(len(pos), len(neg)) < 2:
        return
    wins = [[(p > q) + 0.5 * (p == q) for q in neg.tolist()] for p in pos.tolist()]
    placed_pos = [sum(row) / len(neg) for row in wins]
    placed_neg = [sum(row[j] for row in wins) / len(pos) for j in range(len(neg))]
    auc = sum(placed_pos) / len(pos)
    variance = sum((v - auc) ** 2 for v in placed_pos) / (len(pos) - 1) / len(pos)
    variance += sum((v - auc) ** 2 for v in placed_neg) / (len(neg) - 1) / len(neg)
    found = delong(Scores.from_arrays(truth, score))
    assert found == pytest.approx((auc, math.sqrt(variance)), abs=1e-12)


@settings(max_examples=30)
@given(ROWS)
def test_jackknife_is_the_derivative_by_each_row(rows: list[tuple[bool, int]]) -> None:
    truth, score = split(rows)
    if not truth.any():
        return
    step, influence = 1e-5, []
    for i in range(len(truth)):
        ends = []
        for sign in (1, -1):
            weight = np.ones(len(truth))
            weight[i] += sign * step
            ends.append(sk.average_precision_score(truth, score, sample_weight=weight))
        influence.append((ends[0] - ends[1]) / (2 * step))
    value, se = precision_over_recall(Scores.from_arrays(truth, score))
    assert value == pytest.approx(sk.average_precision_score(truth, score))
    assert se == pytest.approx(math.sqrt(sum(u * u for u in influence)), abs=1e-6)


def test_one_positive_takes_hanley_and_mcneil() -> None:
    scores = Scores.from_arrays([True] + [False] * 9, [0.55, *np.linspace(0, 0.9, 9)])
    auc, se = delong(scores)
    assert se == pytest.approx(hanley_mcneil(auc, 1, 9))
    assert se > 0.1


def test_hanley_mcneil_by_hand() -> None:
    """A = 0.8, five of each: Q1 = 2/3, Q2 = 32/45; (0.16 + 4 (2/75) + 4 (16/225)) / 25."""
    expected = math.sqrt((0.16 + 4 * (2 / 3 - 0.64) + 4 * (1.28 / 1.8 - 0.64)) / 25)
    assert hanley_mcneil(0.8, 5, 5) == pytest.approx(expected)


def test_effective_rows_are_rows_without_weights() -> None:
    assert effective(Scores.from_arrays([True, True, False], [0.1, 0.2, 0.3])) == (2, 1)
    heavy = Scores.from_arrays([True, False], [0.1, 0.2], sample_weight=np.array([5.0, 5.0]))
    assert effective(heavy) == pytest.approx((1, 1))
