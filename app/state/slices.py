"""Saved slices: conditions under a name, in versions, for oneself or for who may see the model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from analytics.core import Condition
from analytics.errors import UsageError
from analytics.query.cells import segment_text
from app.state.database import Database, Write
from app.state.own import find_own, seen_by

MOST_NAME, MOST_TEXT = 80, 2_000
metadata = sa.MetaData()
slice_table = sa.Table(
    "slice",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("model", sa.String(63), nullable=False, index=True),
    sa.Column("slice_name", sa.String(MOST_NAME), nullable=False),
    sa.Column("folder", sa.String(MOST_NAME), nullable=False),
    sa.Column("filter_predicates", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("owner", sa.String(120), nullable=False, index=True),
    sa.Column("is_shared", sa.Boolean, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.UniqueConstraint("owner", "model", "slice_name", "version"),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A slice to be kept: of which model, under which name, and who else may see it."""

    model: str
    name: str
    conditions: Sequence[Condition]
    folder: str = ""
    description: str = ""
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class SavedSlice:
    """One version of a slice."""

    id: int
    model: str
    name: str
    folder: str
    conditions: tuple[Condition, ...]
    version: int
    owner: str
    is_shared: bool
    description: str
    created_at: datetime

    @property
    def segment(self) -> str:
        """The conditions as the text of a segment."""
        return segment_text(self.conditions)


def save_slice(write: Write, draft: Draft) -> SavedSlice:
    """Keep a slice of the writer's own; one of that name stays, and this is its next version."""
    name, folder = draft.name.strip(), draft.folder.strip()
    if not name or max(len(name), len(folder)) > MOST_NAME:
        raise UsageError("A slice needs a name of 1 to 80 characters.", "", "Say what it holds.")
    if not draft.conditions:
        raise UsageError("The slice has no condition.", "It would be all rows.", "Add a condition.")
    if len(draft.description) > MOST_TEXT:
        raise UsageError(f"A description has at most {MOST_TEXT} characters.", "", "Shorten it.")
    mine = _named(write.actor, draft.model, name)
    last = write.execute(sa.select(sa.func.max(slice_table.c.version)).where(mine)).scalar() or 0
    values = {
        "model": draft.model,
        "slice_name": name,
        "folder": folder,
        "filter_predicates": json.dumps(_predicates(draft.conditions)),
        "version": last + 1,
        "owner": write.actor,
        "is_shared": draft.is_shared,
        "description": draft.description.strip(),
        "created_at": write.database.clock(),
    }
    write.execute(slice_table.update().where(mine).values(is_shared=draft.is_shared))
    number = write.execute(slice_table.insert().values(**values)).inserted_primary_key[0]
    write.audit("save", "slice", str(number), model=draft.model, name=name, version=last + 1)
    row = write.execute(sa.select(slice_table).where(slice_table.c.id == number)).one()
    return _slice(row)


def list_slices(database: Database, user: str, model: str) -> list[SavedSlice]:
    """The last version of the user's own slices and of those shared by others, by folder and name."""
    found = _visible(database, user, model)
    return list({(s.owner, s.name): s for s in found}.values())  # versions come in order


def list_versions(database: Database, user: str, saved: SavedSlice) -> list[SavedSlice]:
    """Every version of a slice that the user may see, the newest first."""
    same = [
        s
        for s in _visible(database, user, saved.model)
        if (s.owner, s.name) == (saved.owner, saved.name)
    ]
    return sorted(same, key=lambda s: -s.version)


def delete_slice(write: Write, number: int, *, is_admin: bool = False) -> None:
    """Take a slice away with all its versions: its owner or an admin."""
    mine = slice_table.c.id == number
    row = find_own(write, mine, "slice", slice_table.c.slice_name, is_admin=is_admin)
    write.execute(slice_table.delete().where(_named(row.owner, row.model, row.slice_name)))
    write.audit("delete", "slice", str(number), name=row.slice_name, owner=row.owner)


def _named(owner: str, model: str, name: str) -> Any:
    return (
        (slice_table.c.owner == owner)
        & (slice_table.c.model == model)
        & (slice_table.c.slice_name == name)
    )


def _visible(database: Database, user: str, model: str) -> list[SavedSlice]:
    statement = (
        sa.select(slice_table)
        .where(seen_by(slice_table, user, model))
        .order_by(slice_table.c.folder, slice_table.c.slice_name, slice_table.c.version)
    )
    with database.read() as connection:
        return [_slice(row) for row in connection.execute(statement)]


def _predicates(conditions: Sequence[Condition]) -> dict[str, Any]:
    """The conditions in the shape that Zeno keeps them in."""
    rows = [
        {"column": c.column, "operation": c.operator, "value": c.value, "join": "AND" if i else ""}
        for i, c in enumerate(conditions)
    ]
    return {"predicates": rows, "join": ""}


def _slice(row: Any) -> SavedSlice:
    conditions = tuple(
        Condition(p["column"], p["operation"], _value(p["value"]))
        for p in json.loads(row.filter_predicates)["predicates"]
    )
    return SavedSlice(
        row.id, row.model, row.slice_name, row.folder, conditions, row.version, row.owner,
        bool(row.is_shared), row.description, row.created_at,
    )  # fmt: skip


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
