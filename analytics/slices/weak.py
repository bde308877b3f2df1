"""Weak slices: conditions under which the loss is higher, found level by level and exactly.

SliceLine (Sagadeeva and Boehm, SIGMOD 2021) with the bound taken over rows: the published code
bounds with the number of one-hot columns, which loses slices where columns outnumber rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import Any

import numpy as np

from analytics.needs import Floats

NEARLY = 0.8  # of a gap: what counts as nearly as wide
Item = tuple[int, str]  # a column's place, and the code of its cell
Key = tuple[Item, ...]
Columns = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """Rows of a cell, the sum of their losses, and what none of them exceeds."""

    n: int
    loss: float
    most: float


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice that scored above zero: its conditions, score, rows and losses."""

    key: Key
    score: float
    cell: Cell

    @property
    def mean(self) -> float:
        """The mean loss of its rows."""
        return self.cell.loss / self.cell.n


# The cells of each set of columns that is asked for; the empty set stands for all rows.
Count = Callable[[Sequence[Columns]], Mapping[Key, Cell]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which slices count: with ``alpha`` near 1 the gap does, near 0 the size.

    A slice has at least ``min_support`` rows and at most ``max_conditions`` conditions, one a
    column (None: as many as there are columns); the list holds the ``most`` best. With ``fold``, a
    refinement that is hardly worse than what it refines gives way to it, and what is weak only for
    a slice inside it is left out.
    """

    alpha: float = 0.95
    min_support: int = 50
    max_conditions: int | None = 3
    most: int = 10
    fold: bool = True


def find_weak_slices(count: Count, n_columns: int, wanted: Wanted) -> list[Slice]:
    """The best slices by score, best first; none where nothing scores above zero.

    The score is ``alpha * (mean loss / overall mean - 1) - (1 - alpha) * (rows / slice rows - 1)``.
    The search skips only what cannot reach the list.
    """
    whole = count([()]).get((), Cell(0, 0.0, 0.0))
    if whole.n == 0 or whole.loss <= 0:
        return []
    search = _Search(whole, wanted)
    level = search.take(count([(i,) for i in range(n_columns)]))
    depth = 2
    while level and depth <= (wanted.max_conditions or n_columns):
        keys = search.join(level)
        found = count(sorted({_columns_of(key) for key in keys})) if keys else {}
        level = search.take({key: found[key] for key in keys if key in found})
        depth += 1
    return (search.fold() if wanted.fold else search.best)[: wanted.most]


class _Search:
    """The list so far, and what may still enter it."""

    def __init__(self, whole: Cell, wanted: Wanted) -> None:
        self.whole, self.alpha = whole, wanted.alpha
        self.most = wanted.most * 5 if wanted.fold else wanted.most
        self.min_support = max(wanted.min_support, 1)
        self.best: list[Slice] = []
        self.cells: dict[Key, Cell] = {}

    def score(self, rows: Any, loss: Any) -> Any:
        """The score of one slice, or of many at once."""
        mean = self.whole.loss / self.whole.n
        gap, size = loss / rows / mean - 1, self.whole.n / rows - 1
        return self.alpha * gap - (1 - self.alpha) * size

    def take(self, cells: Mapping[Key, Cell]) -> dict[Key, Cell]:
        """Score a level; what has the support stays as parents of the next."""
        kept = {k: c for k, c in cells.items() if c.n >= self.min_support and c.loss > 0}
        self.cells |= kept
        least = self._least()
        scored = ((k, self.score(c.n, c.loss), c) for k, c in kept.items())
        rivals = [*self.best, *(Slice(*s) for s in scored if s[1] > 0 and s[1] >= least)]
        self.best = sorted(rivals, key=lambda s: (-s.score, len(s.key), s.key))[: self.most]
        return kept

    def join(self, parents: Mapping[Key, Cell]) -> list[Key]:
        """Slices of one condition more, all of whose parents are there, that may reach the list."""
        keys = sorted(parents)
        place = {key: i for i, key in enumerate(keys)}
        cells = np.array([(c.n, c.loss, c.most) for c in map(parents.__getitem__, keys)])
        wanted, above = [], []
        for first, second in _siblings(keys):
            hope = self._may_reach(np.minimum(cells[first], cells[second]))
            pairs = zip(first[hope].tolist(), second[hope].tolist(), strict=True)
            if len(keys[0]) == 1:  # its parents are the two, and there is no other prefix
                return [keys[i] + keys[j] for i, j in pairs]
            for i, j in pairs:
                key = (*keys[i], keys[j][-1])
                held = [place.get(k, -1) for k in combinations(key, len(key) - 1)]
                if min(held) >= 0:
                    wanted.append(key)
                    above.append(held)
        if not wanted:
            return []
        hope = self._may_reach(cells[np.array(above)].min(axis=1))
        return [wanted[i] for i in np.flatnonzero(hope)]

    def _may_reach(self, held: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether any slice inside all of its parents may reach the list.

        ``held`` has by slice the least of its parents' rows, losses and largest losses. A slice of
        s rows has a loss of at most min(s * largest, sum); the score is monotone in s on either side
        of where the two meet.
        """
        rows, loss, largest = held.T
        meets = np.clip(loss / largest, self.min_support, rows)
        scores = [
            self.score(s, np.minimum(s * largest, loss)) for s in (self.min_support, meets, rows)
        ]
        bound = np.maximum.reduce(scores)
        return np.asarray((bound > 0) & (bound >= self._least()))

    def _least(self) -> float:
        """What a slice has to reach."""
        return self.best[-1].score if len(self.best) == self.most else 0.0

    def fold(self) -> list[Slice]:
        """The list without slices that say the same as a simpler or a better one."""
        kept: list[Slice] = []
        for found in self.best:
            candidate = self._simplest(found)
            if not any(_says_the_same(candidate, other, self.whole) for other in kept):
                kept.append(candidate)
        return kept

    def _simplest(self, found: Slice) -> Slice:
        """The slice of the fewest conditions whose gap is nearly as wide (four fifths of it)."""
        base = self.whole.loss / self.whole.n
        for size in range(1, len(found.key)):
            wider = [(k, self.cells[k]) for k in combinations(found.key, size)]
            key, cell = max(wider, key=lambda pair: pair[1].loss / pair[1].n)
            if cell.loss / cell.n - base >= NEARLY * (found.mean - base):
                return Slice(key, self.score(cell.n, cell.loss), cell)
        return found


def _siblings(keys: Sequence[Key]) -> Iterator[tuple[Any, Any]]:
    """Places of the pairs of sorted keys that differ in their last condition's column alone."""
    start = 0
    for _prefix, same in groupby(keys, key=lambda key: key[:-1]):
        columns = np.array([key[-1][0] for key in same])
        first, second = np.triu_indices(len(columns), 1)
        differ = columns[first] != columns[second]
        yield start + first[differ], start + second[differ]
        start += len(columns)


def _columns_of(key: Key) -> Columns:
    return tuple([column for column, _code in key])


def _says_the_same(candidate: Slice, kept: Slice, whole: Cell) -> bool:
    """Whether the gap of a slice is that of a kept one, inside or around it."""
    mine, theirs = set(candidate.key), set(kept.key)
    base = whole.loss / whole.n
    if (candidate.cell.n, candidate.cell.loss) == (kept.cell.n, kept.cell.loss):
        return True  # the same rows under other names
    if theirs < mine:
        return NEARLY * (candidate.mean - base) <= kept.mean - base
    if mine < theirs:
        rows = candidate.cell.n - kept.cell.n
        outside = (candidate.cell.loss - kept.cell.loss) / rows if rows > 0 else base
        return outside - base <= (1 - NEARLY) * (kept.mean - base)
    return False
