"""Pages of columns together and of texts, with a planted change or without, as every method takes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analytics.needs import Sample, TextPair
from bench.calibration_sampled import WORDS, draw
from bench.drawn import Floats

TOGETHER, TEXTS = "six columns together", "one text column"
NEW_WORDS = tuple(f"x{i}" for i in range(20))
Pair = Sample | TextPair


def part(rng: np.random.Generator, x: Floats) -> None:
    """The fourth column no longer follows the first; each by itself is as it was."""
    x[:, 3] += 0.7 * (rng.standard_normal(len(x)) - x[:, 0])


def follow(rng: np.random.Generator, x: Floats) -> None:
    """In half of the rows the last column is large and positive where the first is far from zero."""
    sign = np.where(np.abs(x[:, 0]) > 0.6745, 1.0, -1.0)
    x[:, 5] = np.where(rng.random(len(x)) < 0.5, np.abs(x[:, 5]) * sign, x[:, 5])


def move(_rng: np.random.Generator, x: Floats) -> None:
    """The last column moves by half a standard deviation."""
    x[:, 5] += 0.5


def new_topic(rng: np.random.Generator, text: str) -> str:
    """One text in four gets three words that were never there."""
    return f"{text} {' '.join(rng.choice(NEW_WORDS, 3))}" if rng.random() < 0.25 else text


def other_words(rng: np.random.Generator, text: str) -> str:
    """One word in four becomes any word, as likely a rare one as a frequent one."""
    words = text.split()
    swap = rng.random(len(words)) < 0.25
    return " ".join(str(rng.choice(WORDS)) if s else w for w, s in zip(words, swap, strict=True))


def cut(rng: np.random.Generator, text: str) -> str:
    """One text in three is cut to its first three words."""
    return " ".join(text.split()[:3]) if rng.random() < 1 / 3 else text


SHIFTS: dict[str, dict[str, Callable[[np.random.Generator, Any], Any]]] = {
    TOGETHER: {
        "two columns part": part,
        "a column follows another's size": follow,
        "mean + 0.5 sd": move,
    },
    TEXTS: {
        "a new topic in one of four": new_topic,
        "one word in four another": other_words,
        "one in three cut short": cut,
    },
}


@dataclass(frozen=True, slots=True)
class Held:
    """One column of a sample, as the peers' numbers take it."""

    is_levels: bool
    sides: tuple[Floats, Floats]

    @property
    def before(self) -> Floats:
        """Values, or counts by level, of the reference."""
        return self._of(0)

    @property
    def now(self) -> Floats:
        """Values, or counts by level, of the window."""
        return self._of(1)

    def _of(self, side: int) -> Floats:
        if not self.is_levels:
            return self.sides[side]
        most = int(max(float(s.max()) for s in self.sides)) + 1
        return np.bincount(self.sides[side].astype(int), minlength=most).astype(float)

    def filled(self) -> Held:
        """Its rows that hold a value."""
        before, now = (side[~np.isnan(side)] for side in self.sides)
        return replace(self, sides=(before, now))

    def rows(self, _rng: np.random.Generator, most: int) -> tuple[Floats, Floats]:
        """Rows of both sides, at most so many."""
        return self.sides[0][:most], self.sides[1][:most]


def page(rng: np.random.Generator, kind: str, n: int, shift: str = "") -> Pair:
    """One window of ``n`` rows and its reference, with a planted change or without."""
    if kind == TOGETHER:
        sample = draw(rng, Sample, n, 2 * n)
        assert isinstance(sample, Sample)
        if shift:
            SHIFTS[kind][shift](rng, sample.current)
        return sample
    pair = draw(rng, TextPair, n, 2 * n)
    assert isinstance(pair, TextPair)
    if shift:
        pair = replace(pair, current=tuple(SHIFTS[kind][shift](rng, t) for t in pair.current))
    return pair
