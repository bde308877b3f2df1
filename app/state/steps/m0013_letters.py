"""What became of rows that were set aside."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from app.state.letters import metadata


def apply(connection: Connection) -> None:
    """Create the table."""
    metadata.create_all(connection)
