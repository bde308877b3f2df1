"""Deterministic samples of rows: the same rows every time, whatever the order of the files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analytics.core import Column, Dataset, Scope
from analytics.needs import Floats
from analytics.query.chosen import Choice, choose
from analytics.query.engine import Engine
from analytics.query.frame import frame
from analytics.query.groups import Key
from analytics.query.performance import split_groups
from analytics.sources.relation import quote_name

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


def as_matrix(
    columns: Sequence[Column], reference: dict[str, Any], current: dict[str, Any]
) -> tuple[Floats, Floats]:
    """Both sides as numbers; levels get codes in the order of their text, missing is NaN."""
    sides: tuple[list[Floats], list[Floats]] = ([], [])
    for column in columns:
        pair = reference[column.name], current[column.name]
        if column.type == "numeric":
            numbers = [_numbers(values) for values in pair]
        else:
            texts = [_texts(values) for values in pair]
            levels = {t: i for i, t in enumerate(sorted({*texts[0], *texts[1]} - {None}))}
            numbers = [
                np.array([np.nan if t is None else levels[t] for t in side], dtype=float)
                for side in texts
            ]
        for side, values in zip(sides, numbers, strict=True):
            side.append(values)
    return np.column_stack(sides[0]), np.column_stack(sides[1])


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
