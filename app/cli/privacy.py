"""``telltale privacy erase-user``: one person out of the logs, for good."""

from __future__ import annotations

import argparse
import json
from typing import Any


def register(subparsers: Any) -> None:
    """Add the commands to the parser."""
    parser = subparsers.add_parser("privacy", help="take a person out of the logs")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    erase = actions.add_parser("erase-user", help="remove every event and feedback of a user")
    erase.add_argument("user", help="the user as events and feedback named them")
    erase.add_argument("--model", help="only this model; all of them when left out")
    erase.add_argument("--home", help="folder of the database and logs")
    erase.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    erase.set_defaults(handler=erase_events)


def erase_events(arguments: argparse.Namespace) -> int:
    """Erase in each model, and say how many rows went."""
    from app.auth.viewer import operator
    from app.cli.imports import open_place
    from app.ingest.erase import erase_user
    from app.state.models import list_models

    place = open_place(arguments.home)
    names = [arguments.model] if arguments.model else [m.name for m in list_models(place.database)]
    found = [erase_user(place, operator(), name, arguments.user) for name in names]
    if arguments.json:
        rows = [{name: getattr(e, name) for name in e.__slots__} for e in found]
        print(json.dumps({"erased": rows}))
        return 0
    for e in found:
        print(
            f"{e.model}: {e.n_events:,} events, {e.n_feedback:,} pieces of feedback and {e.n_aside:,}"
            f" rows set aside are gone; {e.n_answers:,} answers have a pseudonym"
        )
    if not found:
        print("No models yet.")
    return 0
