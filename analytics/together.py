"""The same work on several columns at once: NumPy lets other threads run while it sorts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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


def ahead(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """``work`` on every item in order; the next is begun while the caller uses the last.

    >>> list(ahead(abs, [-1, 2]))
    [1, 2]
    """
    with ThreadPoolExecutor(1) as pool:
        waiting: Future[R] | None = None
        for item in items:
            following = pool.submit(work, item)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()
