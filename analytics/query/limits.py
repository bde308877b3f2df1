"""Time limits: one thread that stops whatever has run for too long, however many run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic


class Limits:
    """Stops what is still under way when its time is over.

    Its thread sleeps until the first of those times, is woken for an earlier one alone, and leaves
    when it finds nothing to wait for: what ends in time costs it nothing.
    """

    def __init__(self) -> None:
        self._due: dict[object, tuple[float, Callable[[], None]]] = {}
        self._wakes_at = 0.0
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._sooner = threading.Condition(self._lock)

    @contextmanager
    def within(self, seconds: float, stop: Callable[[], None]) -> Iterator[None]:
        """Call ``stop`` once if the block has not ended after so many seconds."""
        token, at = object(), monotonic() + seconds
        with self._lock:
            self._due[token] = at, stop
            self._see_to(at)
        try:
            yield
        finally:
            with self._lock:
                self._due.pop(token, None)

    def _see_to(self, at: float) -> None:
        """Have the thread awake at that moment."""
        if self._thread is None or not self._thread.is_alive():  # there is none in a fork
            self._wakes_at = at
            self._thread = threading.Thread(target=self._watch, daemon=True, name="limits")
            self._thread.start()
        elif at < self._wakes_at:
            self._wakes_at = at
            self._sooner.notify()

    def _watch(self) -> None:
        while True:
            with self._lock:
                now = monotonic()
                over = [token for token, (at, _stop) in self._due.items() if at <= now]
                stops = [self._due.pop(token)[1] for token in over]
                if not stops:
                    if not self._due:
                        self._thread = None
                        return
                    self._wakes_at = min(at for at, _stop in self._due.values())
                    self._sooner.wait(self._wakes_at - now)
            for stop in stops:
                with suppress(Exception):  # it ended in this moment
                    stop()
