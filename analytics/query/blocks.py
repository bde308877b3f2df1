"""A long log a block of parts at a time, so that what is read of it is never held at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from analytics.core import Dataset, Part, Scope
from analytics.query.frame import touched

ROWS = 2_000_000  # of a block, at most a part more


def can_be_cut(scope: Scope) -> bool:
    """Whether blocks of a scope are answered apart: one group, and no rows that are numbered."""
    is_whole = scope.every is None and not scope.by_version
    return is_whole and scope.window.first_row is None


def blocks_of(dataset: Dataset, scope: Scope) -> Iterator[Dataset]:
    """The dataset as if some parts alone had rows, block by block; all parts tell its columns."""
    log = dataset.log("predictions", scope.log)
    block: set[Part] = set()
    n_rows = 0
    blocks = []
    for part in touched(log, scope):
        block.add(part)
        n_rows += part.n_rows
        if n_rows >= ROWS:
            blocks.append(block)
            block, n_rows = set(), 0
    for kept in (*blocks, *([block] if block else [])):
        parts = tuple(p if p in kept else replace(p, n_rows=0) for p in log.parts)
        logs = {**dataset.logs, (scope.log, "predictions"): replace(log, parts=parts)}
        yield replace(dataset, logs=logs)
