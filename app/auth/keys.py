"""Making and revoking API keys; each verb asks for the right itself, whoever calls it."""

from __future__ import annotations

from app.auth.viewer import Viewer
from app.state.database import Database
from app.state.keys import ApiKey, add_key, get_key, list_keys, revoke_key


def create_key(
    database: Database, viewer: Viewer, model: str, kind: str, name: str, *, may_read: bool = False
) -> tuple[ApiKey, str]:
    """A new key for a model and kind of log, and its secret to hand over."""
    viewer.check("configure", model)
    with database.write(viewer.user) as write:
        return add_key(write, model, kind, name, may_read=may_read)


def end_key(database: Database, viewer: Viewer, key_id: int) -> bool:
    """Revoke a key; False where it was revoked before."""
    with database.write(viewer.user) as write:
        viewer.check("configure", get_key(write.connection, key_id).model)
        return revoke_key(write, key_id)


def keys_of(database: Database, viewer: Viewer, model: str | None = None) -> list[ApiKey]:
    """The keys of models that the viewer may configure."""
    return [k for k in list_keys(database, model) if viewer.may("configure", k.model)]
