"""About how many bytes an answer takes in memory."""

from __future__ import annotations

import sys
from collections.abc import Collection, Hashable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np

MANY, SOME = (
    32,
    12,
)  # of a longer list some are looked at: the first whole, the others for what each adds
ENOUGH = 20_000  # objects that are looked at one by one; the rest is taken to be like them
_PLAIN = frozenset({str, bytes, int, float, bool, complex, type(None)})


def bytes_of(value: Any) -> int:
    """The size of a value with all that it holds; shared pieces count once.

    What stands in a long list is taken to be like those that are looked at: evenly spread, and the
    first of them before the others, so that what all share counts once.
    """
    total, seen = 0.0, set[int]()
    waiting: list[tuple[Any, float]] = [(value, 1.0)]  # and how many it stands for
    while waiting:
        found, n = waiting.pop()
        if id(found) in seen:
            continue
        if len(seen) == ENOUGH:
            return int(total * (len(seen) + len(waiting)) / len(seen))
        seen.add(id(found))
        total += n * sys.getsizeof(found)
        if type(found) in _PLAIN:
            continue
        if isinstance(found, np.ndarray) and found.base is not None:
            total += n * found.nbytes
        for pieces in _inside(found):
            waiting += _chosen(pieces, n)
    return int(total)


def _chosen(pieces: Collection[Any], n: float) -> Iterator[tuple[Any, float]]:
    """All of a few pieces, some of many; the one that comes last is looked at first."""
    if len(pieces) <= MANY:
        return ((piece, n) for piece in pieces)
    step = (len(pieces) - 1) // (SOME - 1)
    some = list(islice(pieces, 0, None, step))
    first, others = some[0], some[1:]
    each = n * (len(pieces) - 1) / len(others)
    return iter([*((piece, each) for piece in others), (first, n)])


def _inside(value: Any) -> Iterator[Collection[Any]]:
    if isinstance(value, (list, tuple, set, frozenset)):
        yield value
    elif isinstance(value, Mapping):
        yield value.keys()
        yield value.values()
    else:
        names = _slots(value.__class__)
        if names:
            yield [getattr(value, n) for n in names if hasattr(value, n)]
        if hasattr(value, "__dict__"):
            yield list(vars(value).values())


@lru_cache(maxsize=1024)
def _slots(kind: Hashable) -> tuple[str, ...]:
    bases: tuple[type, ...] = getattr(kind, "__mro__", ())
    names = (getattr(base, "__slots__", ()) for base in bases)
    return tuple(n for found in names for n in ((found,) if isinstance(found, str) else found))
