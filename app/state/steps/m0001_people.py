"""Users, sessions, tickets, failed sign-ins, grants, and the audit trail with its triggers."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from app.state import grants, sessions, throttle
from app.state.audit import create_triggers
from app.state.audit import metadata as audit
from app.state.users import metadata as people

assert all(module.metadata is people for module in (grants, sessions, throttle))


def apply(connection: Connection) -> None:
    """Create the tables."""
    audit.create_all(connection)
    people.create_all(connection)
    create_triggers(connection)
