"""One SQLite writer at a time on this machine, and none who waits for ever.

SQLite alone lets newcomers knock every millisecond and those who wait long every tenth of a second:
with eight busy processes the long ones starve until their time is over. Here all knock alike.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analytics.errors import StateError

KNOCK_S = 0.002
PATIENCE_S = 60.0


class Turn:
    """The turn to write to one database file; between threads, processes and connections."""

    def __init__(self, file: Path, patience_s: float = PATIENCE_S) -> None:
        self._file = file.with_name(f"{file.name}-turn")
        self._patience_s = patience_s
        self._lock = threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the turn; StateError where it does not come in time."""
        end = time.monotonic() + self._patience_s
        if not self._lock.acquire(timeout=self._patience_s):
            raise _late(self._patience_s)
        try:
            handle = self._open()
            try:
                while not _is_ours(handle):
                    if time.monotonic() > end:
                        raise _late(self._patience_s)
                    time.sleep(KNOCK_S)
                yield
            finally:
                os.close(handle)
        finally:
            self._lock.release()

    def _open(self) -> int:
        try:
            return os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise StateError(
                f"The state database cannot be written: {error.strerror}.",
                "Its disk is full, read-only or gone, or the folder belongs to another user.",
                "Mend the disk of the home folder; nothing of this write was kept.",
            ) from error


def _is_ours(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _late(patience_s: float) -> StateError:
    return StateError(
        f"The state database was busy for {patience_s:g} s.",
        "Another process writes without a pause, or stopped in the middle of a write.",
        "Try again; if it stays, look for a stopped process of Telltale.",
    )
