"""Webhooks, and what waits to be sent to them."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from app.state.hooks import metadata


def apply(connection: Connection) -> None:
    """Create the tables."""
    metadata.create_all(connection)
