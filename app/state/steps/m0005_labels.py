"""The outbox, and labelling: projects, tasks, leases, annotations, keys and hand-over notes."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from app.state.labels import metadata as labels
from app.state.outbox import metadata as outbox


def apply(connection: Connection) -> None:
    """Create the tables."""
    outbox.create_all(connection)
    labels.create_all(connection)
