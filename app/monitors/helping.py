"""Where many models are due, several processes look at them side by side.

A watch is claimed by a lease with a fencing number, so that it never matters how many look. What is
worked out between statements holds Python's lock: threads would wait for each other.
"""

from __future__ import annotations

import os
from dataclasses import replace

from app.memory import read_bytes
from app.settings import Settings, Value

LEAST_DUE = 4  # watches for each process: fewer take less than its start
MOST = 4


def n_processes(settings: Settings, n_due: int) -> int:
    """How many processes are to look at so many watches."""
    most = settings.number("watch_processes") or min(n_cores(), MOST)
    return max(1, min(most, n_due // LEAST_DUE))


def n_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_of(settings: Settings, n: int) -> Settings:
    """The settings of one of ``n`` processes: its share of threads and of memory for questions."""
    if n == 1:
        return settings
    threads = settings.number("query_threads") or n_cores()
    megabytes = read_bytes(settings.text("query_memory")) // n // 1_000_000
    mine: dict[str, Value] = {
        "query_threads": max(threads // n, 1),
        "query_memory": f"{max(megabytes, 1)}MB",
    }
    return replace(settings, values=dict(settings.values) | mine)
