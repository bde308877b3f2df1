"""Pages to compare rules on: one window of a model with ten columns, drawn with or without a change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from analytics.drift.ks import TEST as KS
from analytics.drift.tvd import TEST as TVD
from analytics.monitors.peers import (
    CHUNKS,
    evidently_levels,
    evidently_number,
    nannyml_levels,
    nannyml_number,
)
from analytics.needs import ColumnCounts, LevelPair, NumericPair
from analytics.quality.missing_rate import CHECK as MISSING
from analytics.quality.unseen_rate import CHECK as UNSEEN

Floats = npt.NDArray[np.float64]
COLUMNS = 10
MIXED = ("normal", "levels 5", "heavy", "levels 50", "discrete", "normal", "levels 2", "heavy",
         "levels 200", "normal")  # fmt: skip
SHIFTS = {
    "mean + 0.3 sd": "normal",
    "spread x 1.6": "normal",
    "5 % missing": "normal",
    "15 % of rows to one level": "levels 5",
    "5 % of rows to a new level": "levels 5",
}


class Sides(Protocol):
    """What the peers' numbers are computed from: one column before and now."""

    @property
    def before(self) -> Floats:
        """Values, or counts by level, of the reference."""

    @property
    def now(self) -> Floats:
        """Values, or counts by level, of the window."""

    @property
    def is_levels(self) -> bool:
        """Whether ``before`` and ``now`` are counts by level, not values."""

    def rows(self, rng: np.random.Generator, most: int) -> tuple[Floats, Floats]:
        """Rows of both sides, at most so many."""


class Column:
    """One column of both sides: numbers, or counts by level (the reference in ten chunks)."""

    def __init__(
        self, rng: np.random.Generator, kind: str, n: int, m: int, shift: str = ""
    ) -> None:
        self.kind = kind
        if kind.startswith("levels"):
            k = int(kind.split()[1])
            p = np.append(
                1 / np.arange(1, k + 1) ** 1.1, 0.0
            )  # the last level is never there before
            p /= p.sum()
            q = p
            if shift.startswith("15"):
                q = p * 0.85 + 0.15 * (np.arange(k + 1) == k - 1)
            if shift.endswith("new level"):
                q = p * 0.95 + 0.05 * (np.arange(k + 1) == k)
            sizes = np.full(CHUNKS, m // CHUNKS)
            self.chunks = [rng.multinomial(size, p).astype(float) for size in sizes]
            self.before, self.now = np.sum(self.chunks, axis=0), rng.multinomial(n, q).astype(float)
            return
        self.before, self.now = draw(rng, kind, m), draw(rng, kind, n)
        if shift.startswith("mean"):
            self.now = self.now + 0.3
        if shift.startswith("spread"):
            self.now = self.now * 1.6
        if shift.endswith("missing"):
            self.now[rng.random(n) < 0.05] = np.nan

    @property
    def is_levels(self) -> bool:
        """Whether it holds counts by level."""
        return self.kind.startswith("levels")

    def telltale(self) -> list[tuple[Any, tuple[float, float]]]:
        """What the product judges of the column: its deciding test, missing and unseen values."""
        if self.is_levels:
            seen = self.before + self.now > 0
            names = tuple(f"l{i:04d}" for i in np.flatnonzero(seen))
            pair = LevelPair(names, self.before[seen], self.now[seen])
            found = [(TVD.compute(pair), TVD.tolerance)]
            return [*found, (UNSEEN.compute(_level_counts(pair)), UNSEEN.tolerance)]
        numbers = NumericPair.from_arrays(self.before, self.now)
        counts = ColumnCounts(
            n=len(self.now),
            n_missing=numbers.n_missing_current,
            n_distinct=0,
            n_reference=len(self.before),
            n_missing_reference=numbers.n_missing_reference,
        )
        missing = MISSING.compute(counts)
        return [(KS.compute(numbers), KS.tolerance), (missing, MISSING.tolerance)]

    def evidently(self) -> bool:
        """Whether Evidently's default rule flags it."""
        rule: Callable[[Floats, Floats], tuple[float, bool]]
        rule = evidently_levels if self.is_levels else evidently_number
        return rule(self.before, self.now)[1]

    def nannyml(self) -> bool:
        """Whether NannyML's default rule flags it."""
        if self.is_levels:
            return nannyml_levels(self.chunks, self.now)[1]
        return nannyml_number(self.before, self.now)[1]

    def rows(self, rng: np.random.Generator, most: int) -> tuple[Floats, Floats]:
        """Rows of both sides, at most so many: values, or the levels' places in any order."""
        sides = []
        for side in (self.before, self.now):
            values = side
            if self.is_levels:
                values = np.repeat(np.arange(len(side)), side.astype(int)).astype(float)
                values = rng.permutation(values)
            sides.append(values[:most])
        return sides[0], sides[1]


def draw(rng: np.random.Generator, kind: str, n: int) -> Floats:
    """Values of a shape."""
    if kind == "heavy":
        return rng.pareto(1.5, n)
    if kind == "discrete":
        return rng.geometric(0.4, n).astype(float)
    x = rng.standard_normal(n)
    if kind == "some missing":
        x[rng.random(n) < 0.05] = np.nan
    return x


def page(
    rng: np.random.Generator, kinds: Sequence[str], n: int, m: int, shift: str = ""
) -> list[Column]:
    """Ten columns; the first of them is changed."""
    return [
        Column(rng, kinds[i % len(kinds)], n, m, shift if i == 0 else "") for i in range(COLUMNS)
    ]


def _level_counts(pair: LevelPair) -> ColumnCounts:
    unseen = np.sort(pair.current[pair.reference == 0])[::-1]
    return ColumnCounts(
        n=int(pair.current.sum()),
        n_missing=0,
        n_distinct=int((pair.current > 0).sum()),
        n_unseen=int(unseen.sum()),
        n_reference=int(pair.reference.sum()),
        n_distinct_reference=int((pair.reference > 0).sum()),
        n_singletons_reference=int((pair.reference == 1).sum()),
        unseen_levels=tuple((f"u{i}", int(c)) for i, c in enumerate(unseen[:20].tolist())),
    )
