"""Making and revoking API keys; each verb asks for the right itself, whoever calls it."""

from __future__ import annotations

from analytics.core import Schema, Task
from analytics.errors import UsageError
from analytics.sources.relation import canonical_text
from app.auth.viewer import Viewer
from app.state.database import Database
from app.state.keys import ApiKey, add_key, get_key, list_keys, revoke_key
from app.state.models import find_model, save_schema

NEW_TASKS: dict[str, Task] = {
    "binary": "binary",
    "multiclass": "multiclass",
    "regression": "regression",
}


def create_key(
    database: Database, viewer: Viewer, model: str, kind: str, name: str, *, may_read: bool = False
) -> tuple[ApiKey, str]:
    """A new key for a model and kind of log, and its secret to hand over."""
    viewer.check("configure", model)
    with database.write(viewer.user) as write:
        return add_key(write, model, kind, name, may_read=may_read)


def create_model(
    database: Database, viewer: Viewer, name: str, task: str, positive: str | None = None
) -> None:
    """A model without a log yet, so that a key can be made for what will arrive; one that exists stays."""
    viewer.check("configure", name)
    if task not in NEW_TASKS:
        tasks = ", ".join(NEW_TASKS)
        raise UsageError(
            f"There is no task {task!r} for a new model.", "", f"Take one of: {tasks}."
        )
    chosen = canonical_text(positive or "1") if task == "binary" else None
    classes = ("0", "1") if chosen == "1" else ((chosen,) if chosen else ())
    with database.write(viewer.user) as write:
        if find_model(write.connection, name) is None:
            save_schema(write, name, Schema(NEW_TASKS[task], (), classes, chosen), {})


def end_key(database: Database, viewer: Viewer, key_id: int) -> bool:
    """Revoke a key; False where it was revoked before."""
    with database.write(viewer.user) as write:
        viewer.check("configure", get_key(write.connection, key_id).model)
        return revoke_key(write, key_id)


def keys_of(database: Database, viewer: Viewer, model: str | None = None) -> list[ApiKey]:
    """The keys of models that the viewer may configure."""
    return [k for k in list_keys(database, model) if viewer.may("configure", k.model)]
