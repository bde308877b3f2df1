"""``python -m app.worker``: the worker as a process of its own."""

from __future__ import annotations

import signal

from app.memory import keep_lean
from app.settings import settings_in_force
from app.state.database import open_database
from app.state.migrations import migrate


def main() -> int:
    """Work until SIGTERM or SIGINT."""
    keep_lean()
    from app.worker.loop import Worker

    settings = settings_in_force()
    database = open_database(settings.database_url, settings.home)
    migrate(database)
    worker = Worker(settings, database)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop.set())
    worker.run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
