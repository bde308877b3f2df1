"""Plans of labels."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from app.state.plans import metadata


def apply(connection: Connection) -> None:
    """Create the tables."""
    metadata.create_all(connection)
