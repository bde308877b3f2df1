"""Whose turn it is to scan: a few questions at once in a process, the others in the order they came.

What a question holds while it reads millions of rows is memory that ten of them do not have. A
question takes its turn with the first statement that reads many rows and keeps it to its end, all
its threads under one; what is answered from summaries or few rows never waits.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from analytics.errors import QueryCancelled
from analytics.sources.relation import rows_read

MANY_ROWS = 500_000  # with fewer a question takes no turn
AT_ONCE = 2


class Waiter:
    """Somebody who waits for a turn; ``interrupt`` ends the wait."""

    def __init__(self) -> None:
        self.woken = threading.Event()
        self.is_given = False

    def interrupt(self) -> None:
        """Wake up without a turn."""
        self.woken.set()


class Watch(Protocol):
    """What can stop a wait: ``Cancel`` of the engine."""

    def watch(self, stopped: Waiter) -> AbstractContextManager[None]:
        """Registers who is to be interrupted."""


class Turns:
    """At most ``at_once`` turns; whoever came first is next. ``tidy`` is done before each next one."""

    def __init__(self, at_once: int = AT_ONCE, tidy: Callable[[], None] | None = None) -> None:
        self.at_once = max(1, at_once)
        self.tidy = tidy or (lambda: None)
        self._n_given = 0
        self._waiting: deque[Waiter] = deque()
        self._lock = threading.Lock()

    @property
    def n_waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def take(self, cancel: Watch | None) -> None:
        """Wait for a turn; QueryCancelled when ``cancel`` is pressed meanwhile."""
        waiter = Waiter()
        with self._lock:
            if self._n_given < self.at_once:
                self._n_given += 1
                return
            self._waiting.append(waiter)
        try:
            with nullcontext() if cancel is None else cancel.watch(waiter):
                waiter.woken.wait()
        except QueryCancelled:  # pressed before the wait began
            self._leave(waiter)
            raise
        if not waiter.is_given:
            self._leave(waiter)
            raise QueryCancelled("The question was cancelled.")

    def give_back(self) -> None:
        """The next one's turn."""
        with self._lock:
            if not self._waiting:
                self._n_given -= 1
                return
            waiter = self._waiting.popleft()
            waiter.is_given = True
        waiter.woken.set()

    def _leave(self, waiter: Waiter) -> None:
        with self._lock:
            if not waiter.is_given:
                self._waiting.remove(waiter)
                return
        self.give_back()  # it was given in the moment in which the wait ended


class Turn:
    """One question's turn, taken once by whichever of its threads scans first."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._is_taken = False
        self._lock = threading.Lock()

    def take_for(self, sql: str, cancel: Watch | None) -> None:
        """Have the turn before a statement that reads many rows."""
        if self._is_taken or rows_read(sql) < MANY_ROWS:
            return
        with self._lock:
            if not self._is_taken:
                self._turns.take(cancel)
                self._is_taken = True

    def __enter__(self) -> Turn:
        return self

    def __exit__(self, *_error: object) -> None:
        """Give it back, if it was taken."""
        with self._lock:
            if self._is_taken:
                self._is_taken = False
                try:
                    self._turns.tidy()
                finally:
                    self._turns.give_back()
