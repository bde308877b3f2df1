"""Models, imports, parts and jobs."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from app.state.jobs import metadata as jobs
from app.state.models import metadata as models


def apply(connection: Connection) -> None:
    """Create the tables."""
    models.create_all(connection)
    jobs.create_all(connection)
