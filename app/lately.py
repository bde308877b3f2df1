"""Answers about logs that go on: the one in place is given while the next is made, and says of when it is.

Only where it took a while to make, where rows were added and none taken away or read otherwise, and for
a minute or so. Whoever asks later waits.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics.core import Dataset, Question

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
class _Made:
    answer: Answer
    second: Dataset | None
    at: float
    took_s: float


class Lately:
    """The last answer to each question in words."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._made: OrderedDict[Hashable, _Made] = OrderedDict()
        self._under_way: set[Hashable] = set()
        self._lock = threading.Lock()

    def put(
        self, words: Hashable, answer: Answer, second: Dataset | None, at: float, took_s: float
    ) -> None:
        """Keep an answer that was asked for at that moment of the clock and took so long."""
        with self._lock:
            if took_s < QUICK_S:
                self._made.pop(words, None)
                return
            self._made[words] = _Made(answer, second, at, took_s)
            self._made.move_to_end(words)
            while len(self._made) > self.most:
                self._made.popitem(last=False)

    def get(self, words: Hashable, dataset: Dataset, second: Dataset | None) -> Answer | None:
        """The answer in place, if it may be given still: nothing but rows came since, not long ago."""
        with self._lock:
            made = self._made.get(words)
        if made is None or monotonic() - made.at > max(LONGEST_S, 3 * made.took_s):
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


def has_only_grown(before: Dataset, now: Dataset) -> bool:
    """Whether a log is what it was, and more: the same schema and rules, every part still there."""
    if before.schema != now.schema or before.label_precedence != now.label_precedence:
        return False
    for name, log in before.logs.items():
        there = now.logs.get(name)
        if log.parts and (there is None or not set(log.parts) <= set(there.parts)):
            return False
    return True
