"""The same work on several columns at once: NumPy lets other threads run while it sorts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
MOST = 4  # threads: each holds the arrays of a column


def together(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """``work`` on every item, in the items' order.

    >>> together(abs, [-1, 2])
    [1, 2]
    """
    items = list(items)
    threads = min(MOST, os.cpu_count() or 1, len(items))
    if threads < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))
