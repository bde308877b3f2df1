"""Counts of what this process did, for /metrics; nothing about a user."""

from __future__ import annotations

import threading
from collections import Counter


class Counters:
    """Named counts with one label each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, name: str, label: str, n: int = 1) -> None:
        """Count ``n`` more."""
        with self._lock:
            self._counts[name, label] += n

    def read(self) -> dict[tuple[str, str], int]:
        """The counts as they are now."""
        with self._lock:
            return dict(self._counts)


COUNTERS = Counters()
