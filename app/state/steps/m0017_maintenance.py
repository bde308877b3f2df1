"""Planned maintenance of models."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from app.state.maintenance import metadata


def apply(connection: Connection) -> None:
    """Create the table."""
    metadata.create_all(connection)
