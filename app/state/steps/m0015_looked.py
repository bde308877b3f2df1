"""Which import each model's monitors were hurried for."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from app.state.looked import metadata


def apply(connection: Connection) -> None:
    """Create the table."""
    metadata.create_all(connection)
