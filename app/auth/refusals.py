"""What was refused, in the audit trail: who tried what without the right."""

from __future__ import annotations

from analytics.errors import AccessDenied
from app.auth.viewer import Viewer
from app.state.database import Database


def count_refusal(database: Database, viewer: Viewer | None, error: AccessDenied) -> None:
    """Write the refusal down; somebody who is not signed in leaves no row, or they could fill it."""
    if viewer is None:
        return
    with database.write(viewer.user) as write:
        write.audit("refused", "right", error.what)
