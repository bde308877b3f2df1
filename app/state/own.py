"""What people keep under a name as their own, and may share: who sees it, who takes it away."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from analytics.errors import AccessDenied, NameUnknown
from app.state.database import Write


def seen_by(table: sa.Table, user: str, model: str) -> Any:
    """Rows about a model that are the user's own or shared by others."""
    return (table.c.model == model) & ((table.c.owner == user) | table.c.is_shared)


def find_own(write: Write, where: Any, what: str, name: sa.Column[str], *, is_admin: bool) -> Any:
    """The row that its owner or an admin is about to take away; ``name`` is the column to call it by.

    Raises NameUnknown where it is gone already, AccessDenied for somebody else.
    """
    row = write.execute(sa.select(name.table).where(where)).first()
    if row is None:
        raise NameUnknown(f"This {what} is not there any more.", "", "Load the page again.")
    if row.owner != write.actor and not is_admin:
        raise AccessDenied(
            f"The {what} {getattr(row, name.name)!r} belongs to {row.owner}.",
            "Only its owner or an admin takes it away.",
            "Save one of your own.",
        )
    return row
