"""Texts as counts: hashed runs of three characters, words, lengths."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analytics.needs import Floats

BUCKETS = 1 << 13
MOST_CHARACTERS = 400  # of a text: its beginning says enough, and a long one takes no more time
_WORD = re.compile(r"[^\W_]+")


def trigrams(texts: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(row, bucket) of every run of three bytes, lower case, each bucket of a row once.

    >>> [a.tolist() for a in trigrams(["abcd", "ab"])][0]
    [0, 0]
    """
    pieces = [t[:MOST_CHARACTERS].lower().encode() for t in texts]
    sizes = np.array([len(p) for p in pieces], dtype=np.int64)
    if not sizes.sum():
        return np.empty(0, np.int64), np.empty(0, np.int64)
    letters = np.frombuffer(b"".join(pieces), dtype=np.uint8).astype(np.int64)
    row = np.repeat(np.arange(len(pieces)), sizes)
    if len(letters) < 3:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    code = (letters[:-2] * 65_537 + letters[1:-1] * 257 + letters[2:]) * 2_654_435_761
    bucket = (code >> 7) % BUCKETS
    kept = row[:-2] == row[2:]
    both = np.unique(row[:-2][kept] * BUCKETS + bucket[kept])
    return both // BUCKETS, both % BUCKETS


def words(text: str) -> list[str]:
    """The words of a text in lower case.

    >>> words("Late: 20 min, sorry!")
    ['late', '20', 'min', 'sorry']
    """
    return _WORD.findall(text[: 4 * MOST_CHARACTERS].lower())


def telling_words(
    current: Sequence[str], reference: Sequence[str], most: int = 8
) -> list[dict[str, float | str]]:
    """Words whose share of texts moved the most against the noise of their count."""
    now, then = (Counter(w for t in side for w in set(words(t))) for side in (current, reference))
    n, m = max(len(current), 1), max(len(reference), 1)
    found = []
    for word in {*now, *then}:
        a, b = now[word] / n, then[word] / m
        pooled = (now[word] + then[word]) / (n + m)
        se = (pooled * (1 - pooled) * (1 / n + 1 / m)) ** 0.5
        found.append((abs(a - b) / se if se > 0 else 0.0, word, a, b))
    found.sort(key=lambda row: (-row[0], row[1]))
    return [{"word": word, "share": a, "reference": b} for z, word, a, b in found[:most] if z > 3.5]


def naive_bayes(
    counted: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    is_current: npt.NDArray[np.bool_],
    train: npt.NDArray[np.intp],
    test: npt.NDArray[np.intp],
) -> Floats:
    """Log odds of the side by which buckets a text has, learned from the train rows."""
    row, bucket = counted
    is_train = np.zeros(len(is_current), dtype=bool)
    is_train[train] = True
    seen = is_train[row]
    sides = []
    for side in (True, False):
        mine = seen & (is_current[row] == side)
        n = int((is_train & (is_current == side)).sum())
        sides.append((np.bincount(bucket[mine], minlength=BUCKETS) + 0.5) / (n + 1))
    weight = np.log(sides[0] / sides[1])
    length = np.maximum(np.bincount(row, minlength=len(is_current)), 1)
    total = np.bincount(row, weights=weight[bucket], minlength=len(is_current))
    found: Floats = (total / np.sqrt(length))[test]
    return found
