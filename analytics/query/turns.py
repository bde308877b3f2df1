"""Whose turn it is to scan: a few questions at once in a process, the others in the order they came.

What a question holds while it reads millions of rows is memory that ten of them do not have. A
question takes its turn with the first statement that reads many rows and keeps it to its end, all
its threads under one; what is answered from summaries or few rows never waits. A statement that
reads millions of rows needs all turns: its question goes on alone, and what the statement before
it left is given back first.
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
ALONE_ROWS = 2_000_000  # from which on a question runs alone: it may hold half a gigabyte
AT_ONCE = 2


class Waiter:
    """Somebody who waits for a turn; ``interrupt`` ends the wait."""

    def __init__(self, n_turns: int = 1) -> None:
        self.n_turns = n_turns
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
    """At most ``at_once`` turns; whoever came first is next. ``tidy`` is done before any is given back, and before a statement of millions of rows."""

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

    def take(self, cancel: Watch | None, n_turns: int = 1) -> None:
        """Wait for so many turns; QueryCancelled when ``cancel`` is pressed meanwhile."""
        waiter = Waiter(n_turns)
        with self._lock:
            if not self._waiting and self._n_given + n_turns <= self.at_once:
                self._n_given += n_turns
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

    def give_back(self, n_turns: int = 1) -> None:
        """The turn of those who are next."""
        with self._lock:
            self._n_given -= n_turns
            self._wake()

    def _wake(self) -> None:
        """Give turns to whoever is next, as far as there are enough: nobody is overtaken."""
        while self._waiting and self._n_given + self._waiting[0].n_turns <= self.at_once:
            waiter = self._waiting.popleft()
            self._n_given += waiter.n_turns
            waiter.is_given = True
            waiter.woken.set()

    def _leave(self, waiter: Waiter) -> None:
        with self._lock:
            if waiter.is_given:  # in the moment in which the wait ended
                self._n_given -= waiter.n_turns
            else:
                self._waiting.remove(waiter)
            self._wake()


class Turn:
    """One question's turn, taken by whichever of its threads scans first.

    Who needs all turns and has one gives it back first, so that two such never wait for each other.
    """

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._n_taken = 0
        self._lock = threading.Lock()

    def take_for(self, sql: str, cancel: Watch | None) -> None:
        """Have the turn before a statement that reads many rows, all turns before one of millions."""
        n_rows = rows_read(sql)
        if n_rows < MANY_ROWS:
            return
        wanted = self._turns.at_once if n_rows >= ALONE_ROWS else 1
        if self._n_taken >= wanted:
            if n_rows >= ALONE_ROWS:
                self._turns.tidy()
            return
        with self._lock:
            if self._n_taken < wanted:
                self._give_back()
                self._turns.take(cancel, wanted)
                self._n_taken = wanted

    def __enter__(self) -> Turn:
        return self

    def __exit__(self, *_error: object) -> None:
        """Give it back, if it was taken."""
        with self._lock:
            self._give_back()

    def _give_back(self) -> None:
        if n_turns := self._n_taken:
            self._n_taken = 0
            try:
                self._turns.tidy()
            finally:
                self._turns.give_back(n_turns)
