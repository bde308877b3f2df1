"""``telltale incidents``: what the worker found and who looks after it."""

from __future__ import annotations

import argparse
from typing import Any

from app.cli.people import open_home, say, verb


def register(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = verb(
        subparsers, "incidents", list_incidents, "incidents that were raised, lasting ones first"
    )
    parser.add_argument("--model", required=True)


def list_incidents(arguments: argparse.Namespace) -> int:
    """Every incident of the model, as the page lists them."""
    from app.monitors.files import rows_of
    from app.state.incidents import list_cases
    from app.state.models import get_model

    database = open_home(arguments)
    get_model(database, arguments.model)
    rows = rows_of(list_cases(database, [arguments.model]), database.clock())
    lines = [
        f"{r['id']:>4}  {(r['start'] or 'row ' + str(r['first_row']))[:10]}  {r['kind']:<9} "
        f"{r['status']:<8} {r['title']}"
        for r in rows
    ]
    text = "\n".join([*lines, f"{len(rows)} incident{'' if len(rows) == 1 else 's'}"])
    return say(arguments, text, model=arguments.model, n=len(rows), incidents=rows)
