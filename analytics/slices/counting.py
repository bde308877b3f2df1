"""Counts of every joint cell of some columns over rows held as small codes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analytics.needs import Floats
from analytics.slices.weak import Cell, Columns, Key, Slice

Codes = np.ndarray[Any, Any]
Names = Mapping[int, tuple[str, ...]]
Tick = Callable[[float], None]
SPAN = 256  # codes of one column
ALIKE = 0.75  # rows in both of all rows in either: from there on two slices are one


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

    def __init__(self, rows: CodedRows, least: int = 1, tick: Tick | None = None) -> None:
        low = float(rows.loss.min()) if len(rows) else 0.0
        self.loss = rows.loss - low if low < 0 else rows.loss  # losses of a search are not negative
        self.is_binary = bool(np.isin(self.loss, (0, 1)).all())
        self.wrong = self.loss.astype(np.uint8) if self.is_binary else np.zeros(0, np.uint8)
        self.least, self.tick = least, tick
        self.most: dict[tuple[int, str], float] = {}
        self.places, self.cells, self.belongs = [], [], []
        for codes, names in zip(rows.codes, rows.names, strict=True):
            seen = (
                np.flatnonzero(np.bincount(codes, minlength=SPAN))
                if len(rows)
                else np.zeros(0, int)
            )
            place = np.zeros(SPAN, dtype=np.int64)
            place[seen] = np.arange(len(seen))
            cells = list(dict.fromkeys(name for code in seen for name in names.get(int(code), ())))
            inside = np.zeros((len(cells), len(seen)))
            for j, code in enumerate(seen):
                for name in names.get(int(code), ()):
                    inside[cells.index(name), j] = 1.0
            self.places.append(place[codes].astype(np.uint8))
            self.cells.append(cells)
            self.belongs.append(inside)

    def __call__(self, asked: Sequence[Columns]) -> dict[Key, Cell]:
        """The cells of each set of columns; the empty set stands for all rows."""
        found: dict[Key, Cell] = {}
        for done, columns in enumerate(asked):
            if self.tick is not None and done % 16 == 0:
                self.tick(done / len(asked))
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
        found = {}
        for at in np.argwhere(counts >= max(self.least, 1)):
            key = tuple((i, self.cells[i][j]) for i, j in zip(columns, at, strict=True))
            n, loss = int(counts[tuple(at)]), float(losses[tuple(at)])
            found[key] = Cell(n, loss, self._most(key) if loss > 0 else 0.0)
        return found

    def _tables(self, columns: Columns) -> tuple[Floats, Floats]:
        """Rows and losses by code of every column."""
        shape = tuple(self.belongs[i].shape[1] for i in columns)
        code = np.zeros(len(self.loss), dtype=np.int64)
        for i, size in zip(columns, shape, strict=True):
            code *= size
            code += self.places[i]
        size = math.prod(shape)
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
        return min(self._most_of(i, name) for i, name in key)

    def _most_of(self, i: int, name: str) -> float:
        if self.is_binary:
            return 1.0
        if (i, name) not in self.most:
            by_code = np.zeros(self.belongs[i].shape[1])
            np.maximum.at(by_code, self.places[i], self.loss)
            for cell, inside in zip(self.cells[i], self.belongs[i], strict=True):
                self.most[(i, cell)] = float((by_code * inside).max())
        return self.most[(i, name)]


def holds(rows: CodedRows, key: Key) -> Codes:
    """Which rows lie in a slice."""
    inside = np.ones(len(rows), dtype=bool)
    for i, name in key:
        codes = [code for code, names in rows.names[i].items() if name in names]
        inside &= np.isin(rows.codes[i], np.array(codes, dtype=np.uint8))
    return inside


def distinct(rows: CodedRows, found: Sequence[Slice]) -> list[Slice]:
    """The slices without those whose rows are nearly (three quarters of all in either) a better one's."""
    kept: list[tuple[Slice, Codes]] = []
    for one in found:
        at = holds(rows, one.key)
        if not any((at & other).sum() >= ALIKE * (at | other).sum() for _one, other in kept):
            kept.append((one, at))
    return [one for one, _at in kept]
