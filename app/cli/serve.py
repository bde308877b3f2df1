"""``telltale run``: serve the screen, the HTTP API and the worker."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.settings import Settings

MARKER = "demo"  # a home that was opened as a demo stays one


def register(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("run", help="serve the screen, the HTTP API and the worker")
    parser.add_argument("--home", help="folder of the database and logs")
    parser.add_argument("--port", type=int, help="port of the screen")
    parser.add_argument(
        "--demo",
        action=argparse.BooleanOptionalAction,
        help="open on the sample logs with demo users; so does an empty home that nobody set up",
    )
    parser.add_argument("--only", choices=("screen", "ingest", "worker"), help="run one part alone")
    parser.set_defaults(handler=serve, stays=True)


def serve(arguments: argparse.Namespace) -> int:
    """Serve until stopped; an empty home that nobody set up opens on the sample logs."""
    import logging

    logging.disable(logging.WARNING)  # the hashing library speaks of a screen that is not there
    from app.settings import read_settings
    from app.supervise import run

    given = {"home": arguments.home, "port": arguments.port, "demo": arguments.demo}
    settings = read_settings(**given)
    if arguments.demo is None and is_demo(settings):
        settings = read_settings(**(given | {"demo": True}))
    if settings.flag("demo"):
        open_samples(settings)
    return run(settings, arguments.only)


def is_demo(settings: Settings) -> bool:
    """Whether this home is a demo: opened as one before, or empty with nothing set up."""
    if (settings.home / MARKER).exists():
        return True
    is_empty = not settings.home.exists() or not any(settings.home.iterdir())
    is_set_up = settings.text("admin_password") or settings.text("database_url")
    return is_empty and not is_set_up


def open_samples(settings: Settings) -> None:
    """Import the sample logs that are not there yet, and say so."""
    from app.ingest.run import sweep
    from app.ingest.samples import import_samples
    from app.state.database import open_database
    from app.state.migrations import migrate

    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (settings.home / MARKER).touch()
    database = open_database(settings.database_url, settings.home)
    migrate(database)
    sweep(settings.home, database)
    for model in import_samples(settings.home, database):
        print(f"Sample log ready: {model}", flush=True)
