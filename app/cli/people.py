"""``telltale user`` and ``telltale audit``: accounts, grants, and the trail of who did what."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.state.database import Database


def register(subparsers: Any) -> None:
    """Add the commands to the parser."""
    user = subparsers.add_parser("user", help="accounts and grants")
    verbs = user.add_subparsers(title="verbs", metavar="VERB", required=True)
    verb(verbs, "list", list_people, "everybody with their grants")
    add = verb(verbs, "add", add_person, "make an account; prints its one-time password")
    add.add_argument("name")
    add.add_argument("--role", required=True, help="decides the home page; rights come from grants")
    verb(verbs, "reset", reset_person, "a new one-time password").add_argument("name")
    for name, handler, text in (
        ("grant", grant, "give a role on a model ('*' for every model)"),
        ("revoke", revoke, "take a role on a model away"),
    ):
        parser = verb(verbs, name, handler, text)
        parser.add_argument("name")
        parser.add_argument("role")
        parser.add_argument("model")
    audit = subparsers.add_parser("audit", help="the audit trail")
    trail = audit.add_subparsers(title="verbs", metavar="VERB", required=True)
    verb(trail, "verify", verify_trail, "exit 0 when the chain holds, 1 when it was tampered with")


def verb(verbs: Any, name: str, handler: Any, text: str) -> argparse.ArgumentParser:
    """A verb with --home and --json."""
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text)
    parser.add_argument("--home", help="folder of the database and logs")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else"
    )
    parser.set_defaults(handler=handler)
    return parser


def open_home(arguments: argparse.Namespace) -> Database:
    """The migrated state of the home that the command names."""
    import logging

    from app.settings import read_settings
    from app.state.database import open_database
    from app.state.migrations import migrate

    logging.disable(logging.WARNING)  # the hashing library speaks of a screen that is not there
    settings = read_settings(home=arguments.home)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings.database_url, settings.home)
    migrate(database)
    return database


def say(arguments: argparse.Namespace, text: str, **values: Any) -> int:
    """Print the text, or the values as JSON; exit status 0."""
    print(json.dumps(values) if arguments.json else text)
    return 0


def list_people(arguments: argparse.Namespace) -> int:
    """Every user with role and grants."""
    from app.state.grants import list_grants
    from app.state.users import list_users

    database = open_home(arguments)
    users = list_users(database)
    with database.read() as connection:
        people = [(u, list_grants(connection, u.id)) for u in users]
    found = [
        {
            "name": u.name,
            "role": u.role,
            "is_active": u.is_active,
            "grants": [f"{g.role} on {g.model}" for g in grants],
            "shown": ", ".join(f"{g.role} on {g.model}" for g in grants),
        }
        for u, grants in people
    ]
    lines = [f"{p['name']:<24} {p['role']:<16} {p['shown'] or 'no grants'}" for p in found]
    return say(
        arguments, "\n".join(lines) or "No users yet: telltale run makes the admin.", users=found
    )


def add_person(arguments: argparse.Namespace) -> int:
    """Make an account and print its one-time password, once."""
    from app.auth.accounts import create_account
    from app.auth.viewer import operator

    password = create_account(open_home(arguments), operator(), arguments.name, arguments.role)
    text = f"{arguments.name} signs in with the one-time password {password}"
    return say(arguments, text, name=arguments.name, password=password)


def reset_person(arguments: argparse.Namespace) -> int:
    """A new one-time password; the user's sessions end."""
    from app.auth.accounts import reset_password
    from app.auth.viewer import operator

    password = reset_password(open_home(arguments), operator(), arguments.name)
    text = f"{arguments.name} signs in with the one-time password {password}"
    return say(arguments, text, name=arguments.name, password=password)


def grant(arguments: argparse.Namespace) -> int:
    """Give a role on a model."""
    from app.auth.accounts import give_grant
    from app.auth.viewer import operator
    from app.state.grants import Grant

    given = Grant(arguments.role, arguments.model)
    give_grant(open_home(arguments), operator(), arguments.name, given)
    text = f"{arguments.name} is now {arguments.role} on {arguments.model}"
    return say(arguments, text, name=arguments.name, role=arguments.role, model=arguments.model)


def revoke(arguments: argparse.Namespace) -> int:
    """Take a role on a model away."""
    from app.auth.accounts import take_grant
    from app.auth.viewer import operator
    from app.state.grants import Grant

    taken = Grant(arguments.role, arguments.model)
    take_grant(open_home(arguments), operator(), arguments.name, taken)
    text = f"{arguments.name} is no longer {arguments.role} on {arguments.model}"
    return say(arguments, text, name=arguments.name, role=arguments.role, model=arguments.model)


def verify_trail(arguments: argparse.Namespace) -> int:
    """Check the hash chain from the first row to the last."""
    from app.state.audit import verify

    found = verify(open_home(arguments))
    text = f"{found.n} rows, {found.reason or 'every one fits the one before it'}"
    say(arguments, text, n=found.n, broken_at=found.broken_at, head=found.head, reason=found.reason)
    return 0 if found.is_intact else 1
