"""``telltale key``: API keys for programs that send predictions, labels, events and feedback."""

from __future__ import annotations

import argparse
from typing import Any

from app.cli.people import open_home, say, verb


def register(subparsers: Any) -> None:
    """Add the commands to the parser."""
    key = subparsers.add_parser("key", help="API keys")
    verbs = key.add_subparsers(title="verbs", metavar="VERB", required=True)
    listed = verb(verbs, "list", list_all, "every key, never its secret")
    listed.add_argument("--model")
    add = verb(verbs, "add", add_one, "make a key; prints its secret, once")
    add.add_argument("name", help="who sends with it")
    add.add_argument("--model", required=True)
    add.add_argument(
        "--kind", required=True, help="predictions, labels, errors, resources, events or feedback"
    )
    add.add_argument("--task", help="where the model is new: binary, multiclass or regression")
    add.add_argument("--positive", help="the positive class of a new binary model, else 1")
    add.add_argument("--read", action="store_true", help="it may read back what was sent, too")
    verb(verbs, "revoke", revoke_one, "end a key for good").add_argument("id", type=int)


def list_all(arguments: argparse.Namespace) -> int:
    """Every key with its model, kind and last use."""
    from app.state.keys import list_keys

    keys = list_keys(open_home(arguments), arguments.model)
    found: list[dict[str, Any]] = [
        {
            "id": k.id,
            "name": k.name,
            "model": k.model,
            "kind": k.kind,
            "may_read": k.may_read,
            "created_by": k.created_by,
            "created_at": k.created_at.isoformat(),
            "last_used_at": None if k.last_used_at is None else k.last_used_at.isoformat(),
            "is_revoked": k.revoked_at is not None,
        }
        for k in keys
    ]
    lines = [
        f"{k['id']:>4} {k['kind']:<9} {k['model']:<20} {k['name']:<24} "
        f"{'revoked' if k['is_revoked'] else 'last used ' + (k['last_used_at'] or 'never')}"
        for k in found
    ]
    return say(arguments, "\n".join(lines) or "No keys yet: telltale key add.", keys=found)


def add_one(arguments: argparse.Namespace) -> int:
    """Make a key and print its secret, once."""
    from app.auth.keys import create_key, create_model
    from app.auth.viewer import operator

    database = open_home(arguments)
    if arguments.task:
        create_model(database, operator(), arguments.model, arguments.task, arguments.positive)
    key, secret = create_key(
        database,
        operator(),
        arguments.model,
        arguments.kind,
        arguments.name,
        may_read=arguments.read,
    )
    text = f"Key {key.id} of {key.name} sends {key.kind} of {key.model}. Its secret:\n{secret}"
    return say(arguments, text, id=key.id, model=key.model, kind=key.kind, secret=secret)


def revoke_one(arguments: argparse.Namespace) -> int:
    """End a key."""
    from app.auth.keys import end_key
    from app.auth.viewer import operator

    is_new = end_key(open_home(arguments), operator(), arguments.id)
    text = f"Key {arguments.id} {'is revoked' if is_new else 'was revoked before'}."
    return say(arguments, text, id=arguments.id, is_revoked=True)
