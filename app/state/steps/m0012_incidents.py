"""Care for incidents, who has seen them, and silences."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from app.state.incidents import metadata


def apply(connection: Connection) -> None:
    """Create the tables."""
    metadata.create_all(connection)
