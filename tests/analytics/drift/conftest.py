"""Samples, texts and vectors for the tests that look at more than numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from analytics.needs import Sample, TextPair, VectorPair

WORDS = np.array([f"word{i}" for i in range(500)])
SHARES = 1 / np.arange(1, 501) / (1 / np.arange(1, 501)).sum()


@pytest.fixture
def make_sample() -> Callable[..., Sample]:
    """Six columns, two of which go together; ``turned`` breaks that, ``shift`` moves the first."""

    def make(
        seed: int, n: int = 600, m: int = 800, *, shift: float = 0.0, turned: bool = False
    ) -> Sample:
        rng = np.random.default_rng(seed)

        def draw(size: int, moved: float, flip: bool) -> np.ndarray:
            x = rng.standard_normal((size, 6))
            x[:, 1] = np.exp(x[:, 1])
            x[:, 2] = rng.integers(0, 6, size)
            x[:, 3] = (-0.95 if flip else 0.95) * x[:, 0] + 0.3 * x[:, 3]
            x[:, 0] += moved
            x[rng.random(size) < 0.03, 4] = np.nan
            return x

        kinds = (False, False, True, False, False, False)
        return Sample(tuple("abcdef"), kinds, draw(m, 0.0, False), draw(n, shift, turned), m, n)

    return make


@pytest.fixture
def make_texts() -> Callable[..., TextPair]:
    """Texts of words by Zipf's law; ``swapped`` is the share of words that are others now."""

    def make(seed: int, n: int = 400, m: int = 500, *, swapped: float = 0.0) -> TextPair:
        rng = np.random.default_rng(seed)

        def draw(size: int, share: float) -> tuple[str, ...]:
            texts = []
            for _ in range(size):
                words = rng.choice(WORDS, int(rng.integers(4, 15)), p=SHARES)
                other = rng.random(len(words)) < share
                texts.append(" ".join(np.where(other, "zzq" + words.astype(object), words)))
            return tuple(texts)

        return TextPair(draw(m, 0.0), draw(n, swapped))

    return make


@pytest.fixture
def make_vectors() -> Callable[..., VectorPair]:
    """Vectors around (1, 1, ...); ``shift`` moves the first number."""

    def make(seed: int, n: int = 500, m: int = 700, d: int = 64, shift: float = 0.0) -> VectorPair:
        rng = np.random.default_rng(seed)
        current = rng.standard_normal((n, d)) + 1
        current[:, 0] += shift
        return VectorPair(rng.standard_normal((m, d)) + 1, current)

    return make
