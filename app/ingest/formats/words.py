"""What readers of foreign logs take and give: text of a record in, rows and rejects out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that no row was made of, as it was written, and why."""

    record: str
    reason: str
    is_time: bool = False  # nothing but its time is wrong


class Unreadable(ValueError):
    """What a record lacks, in words."""

    def __init__(self, reason: str, *, is_time: bool = False) -> None:
        super().__init__(reason)
        self.is_time = is_time


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read: whether without times, and where what waits for its other half is kept."""

    skips_time: bool = False
    waiting: MutableMapping[str, str] = field(default_factory=dict)


Reader = Callable[[Iterable[str], Reading], Iterator[Row | Reject]]


def parse(text: str) -> Any:
    """The JSON value of a text; NaN and Infinity, which JSON has not, as their names."""
    return json.loads(text, parse_constant=str)


def row_id(own: str, i: int, n: int) -> str:
    """The id of one row of a record: the record's own, with its place where there are several."""
    return own if n == 1 else f"{own}#{i}"
