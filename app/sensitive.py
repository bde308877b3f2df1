"""Which columns only those may see who hold the right for it: set here, masked in ``app.cache``."""

from __future__ import annotations

from collections.abc import Sequence

from app.auth.viewer import Viewer
from app.state.database import Database
from app.state.models import mark_sensitive


def set_sensitive(database: Database, viewer: Viewer, model: str, columns: Sequence[str]) -> None:
    """Make exactly these features of the model sensitive, with an audit row.

    AccessDenied without the rights to change the model's settings and to see sensitive columns:
    who may not see a column may not open it either.
    """
    viewer.check("configure", model)
    viewer.check("see_sensitive", model)
    with database.write(viewer.user) as write:
        mark_sensitive(write, model, columns)
