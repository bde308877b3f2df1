"""Threads that are used again: to start one for every answer costs more than many an answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

IDLE_S = 20.0  # after which a thread that has nothing to do leaves

Work = Callable[[], object]


class Hands:
    """Does each piece of work at once, in a thread that has nothing to do or in a new one."""

    def __init__(self, name: str, idle_s: float = IDLE_S) -> None:
        self.name, self.idle_s = name, idle_s
        self._n_idle = 0  # threads that wait and for whom nothing is put aside
        self._work: SimpleQueue[Work] = SimpleQueue()
        self._lock = threading.Lock()

    def do(self, work: Work) -> None:
        """Begin; nobody waits for the end."""
        with self._lock:
            if self._n_idle:
                self._n_idle -= 1
                self._work.put(work)
                return
        held = [work]  # a thread keeps its arguments for as long as it lives
        threading.Thread(target=self._serve, args=(held,), daemon=True, name=self.name).start()

    def _serve(self, held: list[Work]) -> None:
        work: Work | None = held.pop()
        while work is not None:
            work()
            work = None  # what it holds goes now, not with the next
            with self._lock:
                self._n_idle += 1
            work = self._next()

    def _next(self) -> Work | None:
        try:
            return self._work.get(timeout=self.idle_s)
        except Empty:
            pass
        with self._lock:
            if self._n_idle:
                self._n_idle -= 1
                return None
        return self._work.get()  # it was put aside in this moment
