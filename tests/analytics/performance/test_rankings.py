"""NDCG, MAP, MRR and hit rate: by hand, order of groups, ties, and groups that say nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Metric
from analytics.needs import Rankings
from analytics.performance.hit_rate import METRIC as HIT_RATE
from analytics.performance.map import METRIC as MAP
from analytics.performance.mrr import METRIC as MRR
from analytics.performance.ndcg import METRIC as NDCG

ALL = (NDCG, MAP, MRR, HIT_RATE)
ITEMS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 10**6)),
    min_size=1,
    max_size=60,
    unique_by=lambda item: item[2],
)


def build(items: list[tuple[int, int, int]]) -> Rankings:
    group, relevance, score = (np.array(column) for column in zip(*items, strict=True))
    return Rankings.from_arrays(group, relevance.astype(float), score.astype(float))


def test_by_hand() -> None:
    """Group 0 has its wanted items at 1 and 3, group 1 at 2, group 2 none."""
    rows = build([(0, 1, 9), (0, 0, 8), (0, 1, 7), (1, 0, 9), (1, 1, 8), (2, 0, 1)])
    best = 1 + 1 / np.log2(3)
    assert NDCG.compute(rows).value == pytest.approx(((1 + 0.5) / best + 1 / np.log2(3)) / 2)
    assert MAP.compute(rows).value == pytest.approx(((1 + 2 / 3) / 2 + 0.5) / 2)
    assert MRR.compute(rows).value == pytest.approx((1 + 0.5) / 2)
    assert HIT_RATE.compute(rows).value == 1
    assert NDCG.compute(rows).detail["n_groups"] == 2
    assert NDCG.compute(rows).detail["n_groups_without"] == 1


def test_only_the_first_ten_count() -> None:
    rows = build([(0, int(i == 10), 100 - i) for i in range(20)])
    assert (NDCG.compute(rows).value, HIT_RATE.compute(rows).value) == (0, 0)
    assert MRR.compute(rows).value == pytest.approx(1 / 11)


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
@given(ITEMS)
def test_a_number_or_a_reason_whatever_the_order(metric: Metric, items) -> None:
    found, turned = metric.compute(build(items)), metric.compute(build(items[::-1]))
    assert found == turned
    if found.value is None:
        assert "no group" in (found.reason or "")
        return
    assert found.low is not None and found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.n == len(items)


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
@given(ITEMS)
def test_the_best_order_is_one(metric: Metric, items) -> None:
    best = [(g, relevance, relevance * 10**7 + score) for g, relevance, score in items]
    found = metric.compute(build(best))
    if found.value is not None:
        assert found.value == pytest.approx(1)


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.name)
def test_nothing_is_a_reason(metric: Metric) -> None:
    empty = np.empty(0)
    found = metric.compute(Rankings.from_arrays(np.empty(0, int), empty, empty))
    assert found.value is None and found.reason
