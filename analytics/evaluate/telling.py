"""Which columns say most about what the model answers: they come first where a row is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analytics.core import Dataset
from analytics.query.engine import Engine
from analytics.query.telling import (
    correlations,
    counts_by_level,
    moments_by_answer,
    moments_by_level,
)
from analytics.stats.association import eta_squared, tau

MOST_LEVELS = 50  # a column with more levels says everything about few rows


def telling_columns(engine: Engine, dataset: Dataset, names: Sequence[str]) -> tuple[str, ...]:
    """Those of the features, the most telling first; in their own order where nothing is known."""
    log = dataset.log("predictions")
    if not log.parts or "prediction" not in log.columns:
        return tuple(names)
    types = {c.name: c.type for c in dataset.schema.features}
    numbers = [n for n in names if types.get(n) == "numeric"]
    strength: dict[str, float] = {}
    if numbers and dataset.schema.task == "regression":
        found = correlations(engine, dataset, numbers)
        strength = {n: 0.0 if _blank(r) else r * r for n, r in zip(numbers, found, strict=True)}  # type: ignore[operator]
    elif numbers:
        groups = _array(moments_by_answer(engine, dataset, numbers))
        for i, name in enumerate(numbers):
            strength[name] = eta_squared(*groups[:, 3 * i : 3 * i + 3].T)
    for name in names:
        if types.get(name) in ("categorical", "boolean"):
            strength[name] = _level_strength(engine, dataset, name)
    return tuple(sorted(names, key=lambda name: -strength.get(name, 0.0)))


def _level_strength(engine: Engine, dataset: Dataset, name: str) -> float:
    if dataset.schema.task == "regression":
        groups = moments_by_level(engine, dataset, name, MOST_LEVELS + 1)
        return eta_squared(*_array(groups).T) if 0 < len(groups) <= MOST_LEVELS else 0.0
    pairs = counts_by_level(engine, dataset, name)
    levels, answers = (list(dict.fromkeys(row[i] for row in pairs)) for i in (0, 1))
    if not 0 < len(levels) <= MOST_LEVELS:
        return 0.0
    table = np.zeros((len(levels), len(answers)))
    for level, answer, n in pairs:
        table[levels.index(level), answers.index(answer)] = n
    return tau(table)


def _array(rows: Sequence[Sequence[Any]]) -> Any:
    return np.array([[np.nan if v is None else v for v in row] for row in rows], dtype=float)


def _blank(value: float | None) -> bool:
    return value is None or value != value
