"""What people do with feedback: status, assignee, tags, merging, notes; each step can be undone.

A step keeps what it changed, before and after, so that undoing it is exact, and refused where
somebody else has changed the same since.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

import sqlalchemy as sa

from analytics.errors import NameUnknown, UsageError
from app.state.database import Database, Write
from app.state.feedback import (
    NOT_COUNTED,
    OPEN,
    Item,
    Status,
    feedback_table,
    get_item,
    metadata,
    to_log,
)

STATUSES: tuple[str, ...] = get_args(Status)
NOTE_MAX, TAG_MAX, TAGS_MAX = 10_000, 40, 20
UNDO_DEEP = 20

note_table = sa.Table(
    "feedback_note",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("feedback_id", sa.String(24), nullable=False, index=True),
    sa.Column("author", sa.String(120), nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
)
change_table = sa.Table(
    "feedback_change",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("feedback_id", sa.String(24), nullable=False, index=True),
    sa.Column("model", sa.String(63), nullable=False),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("undone_at", sa.DateTime),
    sa.Index("feedback_undo", "actor", "model", "id"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an item's thread: ``kind`` is "note", "reply" (to the reporter) or "step"."""

    at: datetime
    author: str
    kind: str
    text: str
    is_undone: bool = False


def set_status(
    write: Write, item_id: str, status: str, *, resolution: str = "", fixed_by: str | None = None
) -> Item:
    """Move an item to another status; the end of one may say what came of it and what fixed it."""
    if status not in STATUSES:
        raise UsageError(
            f"There is no status {status!r}.", "", f"Take one of: {', '.join(STATUSES)}."
        )
    if status == "duplicate":
        raise UsageError("A duplicate is one of another item.", "", "Merge it into that one.")
    values: dict[str, Any] = {"status": status, "duplicate_of": None}
    is_end = status in ("resolved", "wont_fix")
    values |= {"resolution": resolution.strip()[:NOTE_MAX] if is_end else ""}
    values |= {"fixed_by": fixed_by if status == "resolved" else None}
    return _step(write, item_id, f"set it to {status.replace('_', ' ')}", values)


def assign(write: Write, item_id: str, who: str | None) -> Item:
    """Give an item to somebody, or to nobody."""
    values: dict[str, Any] = {"assignee": who}
    item = get_item(write.connection, item_id)
    if who is not None and item.status == "new":
        values["status"] = "triaged"
    return _step(write, item_id, f"gave it to {who}" if who else "gave it to nobody", values)


def set_tags(write: Write, item_id: str, tags: Sequence[str]) -> Item:
    """Exactly these tags."""
    cleaned = list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    if len(cleaned) > TAGS_MAX or any(len(tag) > TAG_MAX for tag in cleaned):
        raise UsageError(
            f"At most {TAGS_MAX} tags of {TAG_MAX} characters.", "", "Take fewer or shorter ones."
        )
    said = f"tagged it {', '.join(cleaned)}" if cleaned else "took its tags away"
    return _step(write, item_id, said, {"tags": json.dumps(cleaned)})


def merge(write: Write, item_id: str, into: str) -> Item:
    """Make an item a duplicate of another, which then stands for both."""
    item, target = get_item(write.connection, item_id), get_item(write.connection, into)
    seen = {target.id}
    while target.duplicate_of is not None and target.duplicate_of not in seen:
        target = get_item(write.connection, target.duplicate_of)
        seen.add(target.id)
    if item.id in seen:
        raise UsageError("An item is no duplicate of itself.", "", "Choose another.")
    if target.model != item.model:
        raise UsageError("The two are about different models.", "", "Choose one of this model.")
    values = {"status": "duplicate", "duplicate_of": target.id, "resolution": "", "fixed_by": None}
    return _step(write, item_id, f"merged it into {target.id}", values)


def note_label(write: Write, item_id: str) -> Item:
    """Its correction was sent to the labels."""
    item = get_item(write.connection, item_id)
    values: dict[str, Any] = {"label_sent_at": write.database.clock()}
    if item.status == "new":
        values["status"] = "triaged"
    return _step(write, item_id, "sent its correction to the labels", values)


def set_external(write: Write, item_id: str, external: str) -> Item:
    """The ticket that another system keeps of it."""
    return _step(write, item_id, f"handed it over: {external}", {"external": external[:2000]})


def add_note(write: Write, item_id: str, body: str, kind: str = "note") -> None:
    """Write something under an item; a reply is what its reporter was told."""
    item, body = get_item(write.connection, item_id), body.strip()
    if not body or len(body) > NOTE_MAX:
        raise UsageError(f"A note has 1 to {NOTE_MAX} characters.", "", "Write it shorter.")
    now = write.database.clock()
    values = {"feedback_id": item.id, "author": write.actor, "kind": kind, "body": body}
    write.execute(note_table.insert().values(**values, created_at=now))
    if item.first_response_at is None:
        first = feedback_table.update().where(feedback_table.c.id == item.id)
        write.execute(first.values(first_response_at=now))
    write.audit("note", "feedback", item.id, kind=kind)


def undo(write: Write, model: str) -> tuple[Item, str]:
    """Take back the actor's last step on this model's items; the item, and what was taken back."""
    c = change_table.c
    mine = sa.select(change_table).where(c.actor == write.actor, c.model == model)
    row = write.execute(mine.where(c.undone_at.is_(None)).order_by(c.id.desc()).limit(1)).first()
    n_undone = sa.select(sa.func.count()).select_from(change_table)
    later = c.id > (row.id if row else 0)
    deep = write.execute(
        n_undone.where(c.actor == write.actor, c.model == model, c.undone_at.is_not(None), later)
    ).scalar_one()
    if row is None or deep >= UNDO_DEEP:
        raise UsageError(
            "There is nothing to take back.", f"The last {UNDO_DEEP} steps can be.", ""
        )
    before, after = json.loads(row.before), json.loads(row.after)
    item = get_item(write.connection, row.feedback_id)
    now = _columns(item, after)
    if now != after:
        changed = ", ".join(sorted(name for name in after if now[name] != after[name]))
        raise UsageError(
            f"Somebody has changed this item since: {changed}.",
            "Taking your step back would undo theirs.",
            "Set it as it should be instead.",
        )
    write.execute(
        change_table.update().where(c.id == row.id).values(undone_at=write.database.clock())
    )
    restored = _write(write, item, before)
    write.audit("undo", "feedback", item.id, before=after, after=before)
    return restored, str(row.what)


def thread_of(database: Database, item_id: str) -> list[Entry]:
    """Notes, replies and steps of an item, the oldest first."""
    notes = sa.select(note_table).where(note_table.c.feedback_id == item_id)
    steps = sa.select(change_table).where(change_table.c.feedback_id == item_id)
    with database.read() as connection:
        found = [
            Entry(r.created_at, r.author, r.kind, r.body) for r in connection.execute(notes)
        ] + [
            Entry(r.at, r.actor, "step", r.what, r.undone_at is not None)
            for r in connection.execute(steps)
        ]
    return sorted(found, key=lambda entry: entry.at)


def find_external(write: Write, model: str, external: str) -> Item:
    """The item that another system's ticket stands for."""
    c = feedback_table.c
    row = write.execute(sa.select(c.id).where(c.model == model, c.external == external)).first()
    if row is None:
        raise NameUnknown(f"No item was handed over as {external!r}.", "", "")
    return get_item(write.connection, row.id)


def _step(write: Write, item_id: str, what: str, values: Mapping[str, Any]) -> Item:
    """Change an item, keep both states for undoing, and note it in the trail."""
    item = get_item(write.connection, item_id)
    values = {name: _plain(value) for name, value in values.items()}
    before = _columns(item, values)
    after = {name: value for name, value in values.items() if value != before[name]}
    if not after:
        return item
    before = {name: before[name] for name in after}
    now = write.database.clock()
    kept = {"feedback_id": item.id, "model": item.model, "actor": write.actor, "what": what}
    kept |= {"before": json.dumps(before), "after": json.dumps(after)}
    write.execute(change_table.insert().values(**kept, at=now))
    changed = _write(write, item, after)
    write.audit("triage", "feedback", item.id, before=before, after=after)
    return changed


def _write(write: Write, item: Item, values: Mapping[str, Any]) -> Item:
    now = write.database.clock()
    stored = {name: _moment(name, value) for name, value in values.items()}
    if "status" in stored:
        is_open = stored["status"] in OPEN
        stored["resolved_at"] = None if is_open else (item.resolved_at or now)
    if item.first_response_at is None:
        stored["first_response_at"] = now
    change = feedback_table.update().where(feedback_table.c.id == item.id)
    write.execute(change.values(**stored))
    changed = get_item(write.connection, item.id)
    if (item.status in NOT_COUNTED) != (changed.status in NOT_COUNTED):
        to_log(write, item.model, [changed])
    return changed


def _columns(item: Item, names: Mapping[str, Any]) -> dict[str, Any]:
    """The item's present values of some columns, as JSON keeps them."""
    found = {name: getattr(item, name) for name in names}
    if "tags" in found:
        found["tags"] = json.dumps(list(item.tags))
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _moment(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name.endswith("_at") and value else value
