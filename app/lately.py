"""Answers about logs that go on: the one in place is given while the next is made, and says of when it is.

Only where it took a while to make or what is at hand will do, where rows were added and none taken away
or read otherwise (small parts may have become large ones), and for a minute or so. Whoever asks later
waits.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics.core import Dataset, Part, Question

QUICK_S = 0.5  # what is made in less is waited for
LONGEST_S = 60.0  # after which an answer is no longer given, or after three times what it took
MOST = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked of which log, and what came out; ``as_of`` when, where newer rows wait."""

    dataset: Dataset
    question: Question
    value: Any
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """An answer that was asked for at that moment of the clock and took so long."""

    answer: Answer
    second: Dataset | None
    at: float
    took_s: float


class Lately:
    """The last answer to each question in words."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._made: OrderedDict[Hashable, Made] = OrderedDict()
        self._under_way: set[Hashable] = set()
        self._lock = threading.Lock()

    def put(self, words: Hashable, made: Made, least_s: float | None = None) -> None:
        """Keep an answer, unless it took less than that: then it is waited for."""
        with self._lock:
            if made.took_s < _least(least_s):
                self._made.pop(words, None)
                return
            self._made[words] = made
            self._made.move_to_end(words)
            while len(self._made) > self.most:
                self._made.popitem(last=False)

    def get(
        self,
        words: Hashable,
        dataset: Dataset,
        second: Dataset | None,
        least_s: float | None = None,
    ) -> Answer | None:
        """The answer in place, if it may be given still: nothing but rows came since, not long ago."""
        with self._lock:
            made = self._made.get(words)
        if made is None or made.took_s < _least(least_s):
            return None
        if monotonic() - made.at > max(LONGEST_S, 3 * made.took_s):
            return None
        has_grown = has_only_grown(made.answer.dataset, dataset)
        if (made.second is None) != (second is None):
            return None
        if made.second is not None and second is not None:
            has_grown = has_grown and has_only_grown(made.second, second)
        return made.answer if has_grown else None

    def begin(self, words: Hashable, make: Callable[[], Any]) -> None:
        """Make the next answer while nobody waits for it; one at a time of each question."""
        with self._lock:
            if words in self._under_way:
                return
            self._under_way.add(words)

        def work() -> None:
            try:
                make()
            except Exception:  # noqa: S110  whoever asks when it is due waits, and is told
                pass
            finally:
                with self._lock:
                    self._under_way.discard(words)

        threading.Thread(target=work, daemon=True, name="lately").start()


def _least(least_s: float | None) -> float:
    return QUICK_S if least_s is None else least_s


def has_only_grown(before: Dataset, now: Dataset) -> bool:
    """Whether a log is what it was, and more: the same schema and rules, every row still there."""
    if before.schema != now.schema or before.label_precedence != now.label_precedence:
        return False
    for name, log in before.logs.items():
        there = set(now.logs[name].parts) if name in now.logs else set()
        gone = set(log.parts) - there
        if gone and not _are_merged(gone, there - set(log.parts)):
            return False
    return True


def _are_merged(gone: Set[Part], come: Set[Part]) -> bool:
    """Whether in each folder larger parts came that hold as many rows: an erased row leaves a smaller one."""
    for folder in {_folder(part) for part in gone}:
        rows = [part.n_rows for part in gone if _folder(part) == folder]
        larger = (p.n_rows for p in come if _folder(p) == folder and p.n_rows > max(rows))
        if len(rows) < 2 or sum(larger) < sum(rows):
            return False
    return True


def _folder(part: Part) -> PurePath:
    return PurePath(part.path).parent
