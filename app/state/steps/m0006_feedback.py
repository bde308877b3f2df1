"""API keys and their tokens, and feedback."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from app.state.feedback import metadata as feedback
from app.state.keys import metadata as keys
from app.state.tokens import token_table
from app.state.triage import note_table


def apply(connection: Connection) -> None:
    """Create the tables."""
    assert token_table.metadata is keys
    assert note_table.metadata is feedback
    keys.create_all(connection)
    feedback.create_all(connection)
