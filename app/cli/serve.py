"""``telltale run``: serve the screen and the worker."""

from __future__ import annotations

import argparse
from typing import Any


def register(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("run", help="serve the screen and the worker")
    parser.add_argument("--home", help="folder of the database and logs")
    parser.add_argument("--port", type=int, help="port of the screen")
    parser.add_argument("--demo", action="store_true", default=None, help="open on the sample logs")
    parser.add_argument("--only", choices=("screen", "worker"), help="run one part alone")
    parser.set_defaults(handler=serve)


def serve(arguments: argparse.Namespace) -> int:
    """Serve until stopped; an empty home that nobody configured opens on the sample logs."""
    from app.settings import read_settings
    from app.supervise import run

    given = {"home": arguments.home, "port": arguments.port, "demo": arguments.demo}
    return run(read_settings(**given), arguments.only)
