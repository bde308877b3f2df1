"""Counts of every joint cell of some columns over rows held as small codes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from analytics.needs import Floats
from analytics.slices.weak import NEARLY, Cell, Columns, Key, Slice

Codes = np.ndarray[Any, Any]
Names = Mapping[int, tuple[str, ...]]
SPAN = 256  # codes of one column
ALIKE = 0.75  # rows in both of all rows in either: from there on two slices are one
INSIDE = 0.8  # of a slice's rows: from there on it lies inside another
SURE = 3.5  # standard errors: many refinements are looked at
LITTLE = 0.4  # of a slice's gap that it must keep outside the better ones


@dataclass(frozen=True, slots=True)
class CodedRows:
    """What each row loses, and its code in every column; ``names`` says which cells a code lies in.

    A code may lie in several cells of its column (a quarter, and a side of a split) or in none.
    """

    loss: Floats
    codes: tuple[Codes, ...]
    names: tuple[Names, ...]

    def __len__(self) -> int:
        return len(self.loss)


class Counting:
    """Counts rows, losses and the largest loss by cell; cells of fewer than ``least`` rows are left out."""

    def __init__(self, rows: CodedRows, least: int = 1) -> None:
        low = float(rows.loss.min()) if len(rows) else 0.0
        self.loss = rows.loss - low if low < 0 else rows.loss  # losses of a search are not negative
        self.is_binary = bool(np.isin(self.loss, (0, 1)).all())
        self.wrong = self.loss.astype(np.uint8) if self.is_binary else np.zeros(0, np.uint8)
        self.least = least
        self.wide: dict[Columns, Columns] = {}
        self.tables: dict[Columns, tuple[Floats, Floats]] = {}
        self.most: dict[tuple[int, str], float] = {}
        self.places, self.cells, self.belongs = [], [], []
        for codes, names in zip(rows.codes, rows.names, strict=True):
            seen = (
                np.flatnonzero(np.bincount(codes, minlength=SPAN))
                if len(rows)
                else np.zeros(0, int)
            )
            place = np.zeros(SPAN, dtype=np.uint8)
            place[seen] = np.arange(len(seen))
            cells = list(dict.fromkeys(name for code in seen for name in names.get(int(code), ())))
            inside = np.zeros((len(cells), len(seen)))
            for j, code in enumerate(seen):
                for name in names.get(int(code), ()):
                    inside[cells.index(name), j] = 1.0
            self.places.append(place[codes])
            self.cells.append(cells)
            self.belongs.append(inside)

    def prepare(self, asked: Sequence[Columns]) -> None:
        """Find the tables of three columns out of which the pairs that will be asked for are summed."""
        pairs = [columns for columns in asked if len(columns) == 2]
        self.wide = covered(pairs, lambda columns: self._is_small(self._shape(columns)))

    def __call__(self, asked: Sequence[Columns]) -> dict[Key, Cell]:
        """The cells of each set of columns; the empty set stands for all rows."""
        found: dict[Key, Cell] = {}
        for columns in asked:
            found |= self._set(columns)
        return found

    def _set(self, columns: Columns) -> dict[Key, Cell]:
        if not columns:
            most = float(self.loss.max()) if len(self.loss) else 0.0
            return {(): Cell(len(self.loss), float(self.loss.sum()), most)}
        counts, losses = self._tables(columns)
        for axis, i in enumerate(columns):
            counts = np.moveaxis(np.tensordot(self.belongs[i], counts, (1, axis)), 0, axis)
            losses = np.moveaxis(np.tensordot(self.belongs[i], losses, (1, axis)), 0, axis)
        found, large = {}, counts >= max(self.least, 1)
        sums = zip(counts[large].tolist(), losses[large].tolist(), strict=True)
        for at, (n, loss) in zip(np.argwhere(large).tolist(), sums, strict=True):
            key = tuple((i, self.cells[i][j]) for i, j in zip(columns, at, strict=True))
            found[key] = Cell(int(n), loss, self._most(key) if loss > 0 else 0.0)
        return found

    def _shape(self, columns: Columns) -> tuple[int, ...]:
        return tuple(self.belongs[i].shape[1] for i in columns)

    def _is_small(self, shape: tuple[int, ...]) -> bool:
        """Whether codes of so many cells take a quarter of the memory to go through."""
        return 2 * math.prod(shape) <= np.iinfo(np.uint16).max

    def _tables(self, columns: Columns) -> tuple[Floats, Floats]:
        """Rows and losses by code of every column."""
        wide = self.wide.get(columns)
        if wide is None:
            return self._counted(columns)
        if wide not in self.tables:
            self.tables[wide] = self._counted(wide)
        (axis,) = (at for at, i in enumerate(wide) if i not in columns)
        counts, losses = self.tables[wide]
        return counts.sum(axis=axis), losses.sum(axis=axis)

    def _counted(self, columns: Columns) -> tuple[Floats, Floats]:
        shape = self._shape(columns)
        size = math.prod(shape)
        kind = np.uint16 if self._is_small(shape) else np.int64
        code: Codes = np.zeros(len(self.loss), dtype=kind)
        for i, width in zip(columns, shape, strict=True):
            code *= width
            code += self.places[i]
        if self.is_binary:
            code *= 2
            code += self.wrong
            both = np.bincount(code, minlength=2 * size).reshape(*shape, 2)
            return np.asarray(both.sum(axis=-1), float), np.asarray(both[..., 1], float)
        counts = np.bincount(code, minlength=size).reshape(shape)
        losses = np.bincount(code, weights=self.loss, minlength=size).reshape(shape)
        return np.asarray(counts, float), np.asarray(losses, float)

    def _most(self, key: Key) -> float:
        """No row of the cell loses more: the least of what the rows of its single cells lose at most."""
        if self.is_binary:
            return 1.0
        return min(self._most_of(i, name) for i, name in key)

    def _most_of(self, i: int, name: str) -> float:
        if (i, name) not in self.most:
            by_code = np.zeros(self.belongs[i].shape[1])
            np.maximum.at(by_code, self.places[i], self.loss)
            for cell, inside in zip(self.cells[i], self.belongs[i], strict=True):
                self.most[(i, cell)] = float((by_code * inside).max())
        return self.most[(i, name)]


def covered(
    pairs: Sequence[Columns], is_small: Callable[[Columns], bool]
) -> dict[Columns, Columns]:
    """For pairs of columns a set of three that holds them, so that few sets hold many pairs.

    A pair that no small set of three has together with another one is left out.
    """
    left = dict.fromkeys(pairs)
    found: dict[Columns, Columns] = {}
    columns = sorted({column for pair in pairs for column in pair})
    while left:
        first, second = next(iter(left))
        rivals = [tuple(sorted((first, second, c))) for c in columns if c not in (first, second)]
        new = [sum(pair in left for pair in combinations(three, 2)) for three in rivals]
        best = max(range(len(rivals)), key=new.__getitem__, default=None)
        if best is None or new[best] < 2 or not is_small(rivals[best]):
            del left[(first, second)]
            continue
        for pair in combinations(rivals[best], 2):
            if pair in left:
                found[pair] = rivals[best]
                del left[pair]
    return found


class Rows:
    """Which rows lie in a slice; each condition is looked up once."""

    def __init__(self, rows: CodedRows) -> None:
        self.rows = rows
        self.base = float(rows.loss.mean()) if len(rows) else 0.0
        self._items: dict[tuple[int, str], Codes] = {}

    def inside(self, key: Key) -> Codes:
        """The rows of a slice, as true and false."""
        found = np.ones(len(self.rows), dtype=bool)
        for item in key:
            found &= self._item(*item)
        return found

    def _item(self, i: int, name: str) -> Codes:
        if (i, name) not in self._items:
            names = self.rows.names[i]
            held = np.zeros(SPAN, dtype=bool)
            held[[code for code, cells in names.items() if name in cells]] = True
            self._items[(i, name)] = held[self.rows.codes[i]]
        return self._items[(i, name)]

    def gap(self, at: Codes) -> float:
        """How much more the rows lose than all rows do."""
        return float(self.rows.loss[at].mean()) - self.base if at.any() else 0.0

    def sureness(self, at: Codes) -> float:
        """The gap in standard errors."""
        mine = self.rows.loss[at]
        spread = float(mine.var()) / len(mine) if len(mine) > 1 else 0.0
        return self.gap(at) / math.sqrt(spread) if spread > 0 else 0.0

    def is_worse(self, at: Codes, wider: Codes) -> bool:
        """Whether a refinement surely loses more than the other rows of what it refines."""
        other = wider & ~at
        if not other.any():
            return False
        mine, theirs = self.rows.loss[at], self.rows.loss[other]
        spread = float(mine.var()) / len(mine) + float(theirs.var()) / len(theirs)
        return float(mine.mean() - theirs.mean()) > SURE * math.sqrt(spread)


def distinct(rows: CodedRows, found: Sequence[Slice]) -> list[Slice]:
    """The slices, the surest first, in as few conditions as say the same, each said once.

    A condition stays where the rows that it leaves out surely lose less. Left out is what has nearly
    the rows of a surer one (three quarters of all in either), lies inside a surer one and does
    hardly worse, or is hardly weak outside the surer ones.
    """
    known = Rows(rows)
    plain = {one.key: one for one in (_plainest(known, s) for s in found)}
    ranked = sorted(plain.values(), key=lambda s: -known.sureness(known.inside(s.key)))
    kept: list[tuple[Slice, Codes, float]] = []
    covered = np.zeros(len(rows), dtype=bool)
    for one in ranked:
        at = known.inside(one.key)
        gap = known.gap(at)
        if any(_is_said(known, (at, gap), (other, theirs)) for _one, other, theirs in kept):
            continue
        inside_one = any((at & other).sum() >= INSIDE * at.sum() for _one, other, _gap in kept)
        if not inside_one and known.gap(at & ~covered) < LITTLE * gap:
            continue
        kept.append((one, at, gap))
        covered |= at
    return [one for one, _at, _gap in kept]


def _plainest(known: Rows, one: Slice) -> Slice:
    """The slice of the fewest conditions that loses as much, as far as can be told."""
    at = known.inside(one.key)
    gap = known.gap(at)
    for size in range(1, len(one.key)):
        wider = {key: known.inside(key) for key in combinations(one.key, size)}
        key = max(wider, key=lambda k: known.gap(wider[k]))
        if NEARLY * gap <= known.gap(wider[key]) or not known.is_worse(at, wider[key]):
            inside = known.rows.loss[wider[key]]
            return Slice(key, one.score, Cell(len(inside), float(inside.sum()), one.cell.most))
    return one


def _is_said(known: Rows, mine: tuple[Codes, float], kept: tuple[Codes, float]) -> bool:
    """Whether a slice says no more than another, kept one."""
    (at, gap), (other, theirs) = mine, kept
    both = (at & other).sum()
    if both >= ALIKE * (at | other).sum():
        return True
    if both < INSIDE * at.sum():
        return False
    return NEARLY * gap <= theirs or not known.is_worse(at, at | other)
