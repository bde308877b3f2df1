"""Out-of-vocabulary rate: words that the reference's texts never had."""

from __future__ import annotations

import math
from collections import Counter

from analytics.core import DriftTest, Estimate
from analytics.needs import TextPair
from analytics.stats.classifier import too_few_rows
from analytics.stats.intervals import share_estimate
from analytics.stats.texts import words


def compute(pair: TextPair) -> Estimate:
    """Share of the window's words that no reference text has, in [0, 1].

    Without drift some words are new too: about as many as stand once in the reference
    (Good 1953). The p-value and the effect are those of the share above that expectation, whose own
    error counts words that stand once and twice (Esty 1983); words of one text go together, so the
    effective size is the number of texts.
    """
    n, m = len(pair.current), len(pair.reference)
    undefined = too_few_rows(n, m)
    if undefined:
        return undefined
    known = Counter(w for t in pair.reference for w in words(t))
    total = sum(known.values())
    rates = []
    for text in pair.current:
        mine = words(text)
        if mine:
            rates.append((sum(w not in known for w in mine), len(mine)))
    count = sum(size for _new, size in rates)
    if not count or not total:
        return Estimate.undefined("no words on a side", n)
    share = sum(new for new, _size in rates) / count
    once, twice = (sum(c == k for c in known.values()) for k in (1, 2))
    expected = once / total
    spread = math.sqrt(sum((new - share * size) ** 2 for new, size in rates)) / count
    se = math.hypot(spread, math.sqrt(once + 2 * twice - once**2 / total + 1) / total)
    size = max(min(share * (1 - share) / spread**2, count), 1.0) if spread > 0 else len(rates)
    above = share - expected
    detail = {
        "p_value": 0.5 * math.erfc(above / se / math.sqrt(2)) if se > 0 else 1.0,
        "above_floor": max(0.0, above - se * math.sqrt(2 / math.pi)),
        "expected": expected,
        "words": [w for w, _c in _new_words(pair, known)],
        "n_reference": m,
    }
    found = share_estimate(share, size, n)
    return Estimate(share, found.low, found.high, "Wilson over texts", n, se, detail=detail)


def _new_words(pair: TextPair, known: Counter[str]) -> list[tuple[str, int]]:
    return Counter(w for t in pair.current for w in set(words(t)) if w not in known).most_common(8)


TEST = DriftTest(
    name="oov_rate",
    label="Words never seen",
    needs=TextPair,
    compute=compute,
    meaning=(
        "The share of words that no text of the reference has, judged against the share that is to be"
        " expected of a language with rare words. Typing errors and numbers count as words."
    ),
    source="Good (1953) for the expectation, Esty (1983) for its error; interval: Wilson over texts",
    tolerance=(0.05, 0.15),
)
