"""The same work on several columns at once: NumPy lets other threads run while it sorts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
MOST = 4  # threads: each holds the arrays of a column
_used = [0]


def use_threads(n: int) -> None:
    """Work on so many items at once in this process; 0 for as many as there are processors."""
    _used[0] = n


def _threads() -> int:
    return min(MOST, _used[0] or os.cpu_count() or 1)


def together(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """``work`` on every item, in the items' order.

    >>> together(abs, [-1, 2])
    [1, 2]
    """
    items = list(items)
    threads = min(_threads(), len(items))
    if threads < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


def ahead(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """``work`` on every item in order; the next is begun while the caller uses the last.

    >>> list(ahead(abs, [-1, 2]))
    [1, 2]
    """
    if _threads() < 2:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(1) as pool:
        waiting: Future[R] | None = None
        for item in items:
            following = pool.submit(work, item)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()
