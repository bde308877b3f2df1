"""oov_rate: counted word by word; judged against the words that are new anyhow."""

from __future__ import annotations

import pytest

from analytics.drift.oov_rate import TEST
from analytics.needs import TextPair
from analytics.stats.decision import decide


def test_beside_counting() -> None:
    reference = tuple("alpha beta gamma" for _ in range(40))
    current = tuple("alpha beta delta" if i < 10 else "alpha beta gamma" for i in range(40))
    found = TEST.compute(TextPair(reference, current))
    assert found.value == pytest.approx(10 / 120)
    assert found.detail["words"] == ["delta"] and found.detail["expected"] == 0


def test_the_error_of_the_expectation_counts_words_seen_once_and_twice() -> None:
    """Esty (1983): sqrt(once + 2 twice - once^2 / total) / total, and one word more."""
    reference = (*("a b c" for _ in range(37)), "a d e", "a e f", "a b c")
    found = TEST.compute(TextPair(reference, ("a b c",) * 40))  # no text has a new word: no spread
    assert found.detail["expected"] == pytest.approx(2 / 120)
    assert found.se == pytest.approx((2 + 2 * 1 - 4 / 120 + 1) ** 0.5 / 120)


def test_rare_words_are_expected(make_texts) -> None:
    """A language with a long tail always brings new words: no verdict on those."""
    verdicts = []
    for seed in range(30):
        found = TEST.compute(make_texts(seed, n=200, m=200))
        assert found.value > 0.02
        verdicts.append(decide([(found, TEST.tolerance)])[0][0])
    assert verdicts == ["ok"] * 30


def test_other_words_are_seen(make_texts) -> None:
    found = TEST.compute(make_texts(1, swapped=0.3))
    assert decide([(found, TEST.tolerance)])[0][0] == "critical"


def test_too_few_texts() -> None:
    assert TEST.compute(TextPair(("a",), ("b",))).value is None
