"""Watches of models, their runs, and incidents."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from app.state.monitors import metadata


def apply(connection: Connection) -> None:
    """Create the tables."""
    metadata.create_all(connection)
