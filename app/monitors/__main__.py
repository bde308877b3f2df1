"""``python -m app.monitors``: run what is due and end; who started it ends it by closing its input."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading

from app.memory import keep_lean
from app.settings import settings_in_force
from app.state.database import open_database

RARELY = (20_000, 20, 100)  # how much is made before cycles are looked for: a round makes few


def main() -> int:
    """One round, for as long as somebody holds the other end of the input."""
    keep_lean()
    gc.set_threshold(*RARELY)
    from analytics.together import use_threads
    from app.monitors.watching import watch_due

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a key that ends the worker closes the input
    threading.Thread(target=end_with, args=(sys.stdin.fileno(),), daemon=True).start()
    settings = settings_in_force()
    use_threads(settings.number("query_threads"))  # of several processes each has its share
    watch_due(settings, open_database(settings.database_url, settings.home))
    return 0


def end_with(handle: int) -> None:
    """End this process at once when what it reads there does; what it ran is lost with its lease."""
    while os.read(handle, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    raise SystemExit(main())
