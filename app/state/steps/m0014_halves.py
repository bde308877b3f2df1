"""Requests and responses that wait for each other."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from app.state.halves import metadata


def apply(connection: Connection) -> None:
    """Create the table."""
    metadata.create_all(connection)
