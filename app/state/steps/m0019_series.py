"""How series stand of monitors that look at no periods."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from app.state.series import metadata


def apply(connection: Connection) -> None:
    """Create the table."""
    metadata.create_all(connection)
