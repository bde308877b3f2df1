"""Deterministic samples of rows: the same rows every time, whatever the order of the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.core import Column, Dataset, Scope
from analytics.needs import Floats
from analytics.query.chosen import Choice, choose
from analytics.query.engine import Engine
from analytics.query.frame import frame
from analytics.query.groups import Key
from analytics.query.performance import split_groups
from analytics.sources.relation import quote_name

Codes = npt.NDArray[np.int64]
Rows = tuple[dict[str, Any], int]  # columns of the sample, and rows in all


def sampled(
    engine: Engine, dataset: Dataset, scope: Scope, columns: Sequence[str], most: int
) -> dict[Key, Rows]:
    """At most ``most`` rows of every group, chosen by a hash of their id, and how many there are."""
    rows = frame(dataset, scope, columns)
    if rows is None or not columns:
        return {}
    picks = ", ".join(f"{quote_name(c)} AS c{i}" for i, c in enumerate(columns))
    found = choose(engine, rows, Choice(picks, most))

    def build(_found: Any, at: slice) -> Rows:
        chosen = {c: found[f"c{i}"][at] for i, c in enumerate(columns)}
        return chosen, int(found["total"][at][0])

    return dict(split_groups(found, build))


@dataclass(frozen=True, slots=True)
class Side:
    """Rows as numbers by column: a column of levels as codes (-1: missing), and the text of each code."""

    numbers: Mapping[str, Floats]
    codes: Mapping[str, Codes]
    texts: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, columns: Sequence[Column], values: Mapping[str, Any]) -> Side:
        """The side of some columns' values; made once where it is laid beside several others."""
        numeric = {c.name: _numbers(values[c.name]) for c in columns if c.type == "numeric"}
        coded = {c.name: _coded(values[c.name]) for c in columns if c.type != "numeric"}
        codes = {name: found[0] for name, found in coded.items()}
        return cls(numeric, codes, {name: found[1] for name, found in coded.items()})

    def column(self, name: str, place: Mapping[str, int]) -> Floats:
        """A column of levels, each by its place."""
        places = np.array([*(place[text] for text in self.texts[name]), np.nan])
        return np.asarray(places[self.codes[name]])


def as_matrix(
    columns: Sequence[Column], reference: Mapping[str, Any], current: Mapping[str, Any]
) -> tuple[Floats, Floats]:
    """Both sides as numbers; levels get codes in the order of their text, missing is NaN."""
    return beside(columns, Side.of(columns, reference), Side.of(columns, current))


def beside(columns: Sequence[Column], reference: Side, current: Side) -> tuple[Floats, Floats]:
    """The same of sides that were made before."""
    sides = (reference, current)
    found: tuple[list[Floats], list[Floats]] = ([], [])
    for column in columns:
        name = column.name
        if column.type == "numeric":
            pair = [side.numbers[name] for side in sides]
        else:
            levels = sorted({text for side in sides for text in side.texts[name]})
            place = {text: i for i, text in enumerate(levels)}
            pair = [side.column(name, place) for side in sides]
        for rows, values in zip(found, pair, strict=True):
            rows.append(values)
    return np.column_stack(found[0]), np.column_stack(found[1])


def _coded(values: Any) -> tuple[Codes, list[str]]:
    """The code of each row in the order in which levels are first met, -1 where it is missing."""
    known: dict[str, int] = {}
    data = np.ma.getdata(values).tolist()
    if np.ma.getmask(values) is np.ma.nomask:
        codes = [known.setdefault(str(v), len(known)) for v in data]
    else:
        gone = np.ma.getmaskarray(values).tolist()
        codes = [
            -1 if is_gone else known.setdefault(str(v), len(known))
            for v, is_gone in zip(data, gone, strict=True)
        ]
    return np.array(codes, dtype=np.int64), list(known)


def _numbers(values: Any) -> Floats:
    return np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)


def _texts(values: Any) -> list[Any]:
    missing = np.ma.getmaskarray(values)
    data = np.ma.getdata(values)
    return [
        None if gone else str(v) for v, gone in zip(data.tolist(), missing.tolist(), strict=True)
    ]


def texts_of(values: Any) -> tuple[tuple[str, ...], int]:
    """The texts that are there, and how many are missing."""
    found = [t for t in _texts(values) if t is not None]
    return tuple(found), len(values) - len(found)


def vectors_of(values: Any) -> tuple[Floats, int]:
    """A row for each vector written as a list of numbers; others count as missing."""
    import json

    found = []
    for text in _texts(values):
        try:
            vector = np.array(json.loads(text), dtype=float) if text else None
        except (ValueError, TypeError):
            vector = None
        if vector is not None and vector.ndim == 1 and len(vector) and np.isfinite(vector).all():
            found.append(vector)
    size = max((len(v) for v in found), default=0)
    kept = [v for v in found if len(v) == size]
    matrix = np.array(kept) if kept else np.empty((0, 0))
    return matrix, len(values) - len(kept)
