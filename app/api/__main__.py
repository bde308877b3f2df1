"""``python -m app.api``: the HTTP API as a process of its own."""

from __future__ import annotations

import gc

import uvicorn

from app.memory import keep_lean
from app.settings import settings_in_force
from app.state.database import open_database
from app.state.migrations import migrate

KEEP_ALIVE_S = 75
COLLECT = (20_000, 20, 50)  # objects between collections: a batch makes thousands that are no rings
MOST_AT_ONCE = 512  # beyond it the server itself answers 503


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    keep_lean()
    from app.api.application import make_app

    settings = settings_in_force()
    database = open_database(settings.database_url, settings.home)
    migrate(database)
    application = make_app(settings, database)
    gc.collect()
    gc.freeze()  # what is loaded stays: looking through it again costs every request
    gc.set_threshold(*COLLECT)
    uvicorn.run(
        application,
        host=settings.text("host"),
        port=settings.api_port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        limit_concurrency=MOST_AT_ONCE,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
