"""When webhooks for alerts are told."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from app.state.rhythms import metadata


def apply(connection: Connection) -> None:
    """Create the table."""
    metadata.create_all(connection)
