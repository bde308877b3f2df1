"""text_length: beside SciPy on the lengths."""

from __future__ import annotations

import pytest
from scipy import stats

from analytics.drift.text_length import TEST
from analytics.needs import TextPair


def test_beside_scipy(make_texts) -> None:
    pair = make_texts(1, swapped=0.4)
    found = TEST.compute(pair)
    expected = stats.ks_2samp([len(t) for t in pair.current], [len(t) for t in pair.reference])
    assert found.value == pytest.approx(expected.statistic)


def test_texts_that_were_cut_are_seen(make_texts) -> None:
    pair = make_texts(2)
    cut = TextPair(pair.reference, tuple(t[:20] for t in pair.current))
    assert TEST.compute(cut).detail["above_floor"] > TEST.tolerance[1]


def test_too_few_texts() -> None:
    assert TEST.compute(TextPair(("a",), ("b",))).value is None
