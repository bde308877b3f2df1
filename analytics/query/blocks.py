"""A long log a block of parts at a time, so that what is read of it is never held at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import pairwise

from analytics.core import Dataset, Part, Scope, Window
from analytics.query.frame import in_window, touched

ROWS = 2_000_000  # of a block, at most a part more
SPAN_ROWS = 1_000_000  # of a span of time, about


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


def spans_of(dataset: Dataset, scope: Scope) -> list[Scope]:
    """The scope cut at midnights, each piece with about so many rows; whole where rows are numbered."""
    parts = touched(dataset.log("predictions", scope.log), scope)
    ends = [part.end for part in parts if part.start is not None and part.end is not None]
    is_numbered = isinstance(scope.every, int) or scope.window.first_row is not None
    if is_numbered or len(ends) < len(parts):
        return [scope]
    cuts: list[datetime] = []
    n_rows = 0
    for part in sorted(parts, key=lambda p: p.end or datetime.max):
        n_rows += part.n_rows
        if n_rows >= SPAN_ROWS and part.end is not None:
            cuts.append(datetime.combine(part.end.date(), time()) + timedelta(days=1))
            n_rows = 0
    start, end = scope.window.start, scope.window.end
    inner = [
        c for c in dict.fromkeys(cuts) if (start is None or c > start) and (end is None or c < end)
    ]
    return [in_window(scope, Window(a, b)) for a, b in pairwise([start, *inner, end])]
