"""Saved views and notes on charts."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from app.state.notes import note_table
from app.state.views import metadata


def apply(connection: Connection) -> None:
    """Create the tables."""
    assert note_table.metadata is metadata
    metadata.create_all(connection)
