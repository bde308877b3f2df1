"""What people do with feedback; the right is asked where the write happens, whoever calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from analytics.errors import UsageError
from analytics.sources.relation import canonical_text
from app.auth.viewer import Viewer
from app.state import triage
from app.state.database import Database, Write
from app.state.feedback import Given, Item, get_item, receive
from app.state.models import find_model
from app.state.outbox import put

if TYPE_CHECKING:
    from app.state.labels import Project

QUEUE = "feedback"  # chosen by users, not by chance: never in a headline number


def give(database: Database, viewer: Viewer, model: str, given: Given) -> Item:
    """Say something from inside Telltale, in one's own name; whoever may see the model may."""
    viewer.check("view", model)
    now = database.clock()
    with database.write(viewer.user) as write:
        said = replace(given, user_id=viewer.user, source="dashboard", created_at=now)
        return receive(write, model, said)[0]


def set_status(
    database: Database,
    viewer: Viewer,
    item_id: str,
    status: str,
    resolution: str = "",
    fixed_by: str | None = None,
) -> Item:
    """Move an item to another status."""
    with _writing(database, viewer, item_id) as write:
        return triage.set_status(write, item_id, status, resolution=resolution, fixed_by=fixed_by)


def assign(database: Database, viewer: Viewer, item_id: str, who: str | None) -> Item:
    """Give an item to somebody, or to nobody."""
    with _writing(database, viewer, item_id) as write:
        return triage.assign(write, item_id, who)


def set_tags(database: Database, viewer: Viewer, item_id: str, tags: Sequence[str]) -> Item:
    """Exactly these tags."""
    with _writing(database, viewer, item_id) as write:
        return triage.set_tags(write, item_id, tags)


def merge(database: Database, viewer: Viewer, item_id: str, into: str) -> Item:
    """Make an item a duplicate of another."""
    with _writing(database, viewer, item_id) as write:
        return triage.merge(write, item_id, into)


def add_note(database: Database, viewer: Viewer, item_id: str, body: str) -> None:
    """Write a note under an item."""
    with _writing(database, viewer, item_id) as write:
        triage.add_note(write, item_id, body)


def send_to_labels(database: Database, viewer: Viewer, item_id: str) -> Item:
    """Keep an item's correction as a label of source "feedback"; it enters no headline number.

    Where people label this model, the prediction also becomes a task of theirs.
    """
    with _writing(database, viewer, item_id) as write:
        item = get_item(write.connection, item_id)
        label = _label_of(write, item)
        _put_label(write, item, label)
        sent = triage.note_label(write, item_id)
    _make_task(database, viewer, sent, label)
    return sent


def undo(database: Database, viewer: Viewer, model: str) -> tuple[Item, str]:
    """Take back the viewer's last step on this model's feedback."""
    viewer.check("feedback", model)
    with database.write(viewer.user) as write:
        item, what = triage.undo(write, model)
        if "labels" in what:
            _put_label(write, item, None)
        return item, what


@contextmanager
def _writing(database: Database, viewer: Viewer, item_id: str) -> Iterator[Write]:
    with database.write(viewer.user) as write:
        viewer.check("feedback", get_item(write.connection, item_id).model)
        yield write


def _label_of(write: Write, item: Item) -> Any:
    model = find_model(write.connection, item.model)
    if item.correction is None or not item.prediction_id or model is None:
        raise UsageError(
            "This item has no correction.",
            "Only what somebody says would have been right can become a label.",
            "Send the prediction to the label queue from its page instead.",
        )
    given = item.correction
    if isinstance(given, dict) and set(given) & {"label", "value"}:
        given = given.get("label", given.get("value"))
    if model.schema.task == "regression":
        return given
    label = canonical_text(given)
    if model.schema.classes and label not in model.schema.classes:
        raise UsageError(
            f"{given!r} is no class of this model.",
            f"The classes are: {', '.join(model.schema.classes)}.",
            "Note what was meant, and label the prediction by hand.",
        )
    return label


def _put_label(write: Write, item: Item, label: Any) -> None:
    row = {"prediction_id": item.prediction_id, "label": label, "source": "feedback"}
    row |= {"known_at": write.database.clock(), "queue": QUEUE, "sampling_p": None}
    put(write, item.model, "labels", [row])


def _make_task(database: Database, viewer: Viewer, item: Item, label: Any) -> None:
    from app.labelling import tasks

    project = _open_project(database, item.model)
    if project is None:
        return
    reason = (
        f"a user says {label}" if item.comment == "" else f"a user says {label}: {item.comment}"
    )
    found = tasks.Item(
        item.prediction_id,
        model_version=item.model_version,
        queue="disagreement",
        reason=reason[:300],
    )
    tasks.add_tasks(database, viewer, project.id, [found])


def _open_project(database: Database, model: str) -> Project | None:
    from app.state.labels import project_table, to_project

    c = project_table.c
    statement = project_table.select().where(c.model == model, c.state == "open").order_by(c.id)
    with database.read() as connection:
        row = connection.execute(statement.limit(1)).first()
    return None if row is None else to_project(row)
