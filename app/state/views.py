"""Saved views: a page with its choices under a name, for oneself or for everybody who may see it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import UsageError
from app.state.database import Database, Write
from app.state.own import find_own, seen_by

metadata = sa.MetaData()
view_table = sa.Table(
    "saved_view",
    metadata,
    sa.Column("key", sa.String(20), primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("page", sa.String(40), nullable=False),
    sa.Column("model", sa.String(63), nullable=False, index=True),
    sa.Column("params", sa.Text, nullable=False),
    sa.Column("owner", sa.String(120), nullable=False, index=True),
    sa.Column("is_shared", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("updated_at", sa.DateTime, nullable=False),
    sa.UniqueConstraint("owner", "model", "page", "name"),
)


@dataclass(frozen=True, slots=True)
class SavedView:
    """One row: the page's address without its host, and whose it is."""

    key: str
    name: str
    page: str
    model: str
    params: Mapping[str, str]
    owner: str
    is_shared: bool
    created_at: datetime
    updated_at: datetime


def save_view(
    write: Write, name: str, page: str, params: Mapping[str, str], *, is_shared: bool = False
) -> str:
    """Keep a view of the writer's own under a name; one of that name on that page is replaced."""
    name, model = name.strip(), params.get("m", "")
    if not name or len(name) > 80:
        raise UsageError("A view needs a name of 1 to 80 characters.", "", "Say what it shows.")
    if not model:
        raise UsageError("The view names no model.", "", "Save it from a page about a model.")
    now = write.database.clock()
    where = (
        (view_table.c.owner == write.actor)
        & (view_table.c.model == model)
        & (view_table.c.page == page)
        & (view_table.c.name == name)
    )
    key = write.execute(sa.select(view_table.c.key).where(where)).scalar()
    values: dict[str, Any] = {
        "params": json.dumps(dict(params)),
        "is_shared": is_shared,
        "updated_at": now,
    }
    if key is not None:
        write.execute(view_table.update().where(where).values(**values))
    else:
        key = secrets.token_urlsafe(9)
        values |= {"key": key, "name": name, "page": page, "model": model, "owner": write.actor}
        write.execute(view_table.insert().values(**values, created_at=now))
    write.audit("save", "view", key, name=name, page=page, model=model, is_shared=is_shared)
    return str(key)


def list_views(database: Database, user: str, model: str) -> list[SavedView]:
    """The user's own views of a model and those shared by others, by name."""

    def read(connection: Connection) -> tuple[SavedView, ...]:
        statement = sa.select(view_table).where(seen_by(view_table, user, model))
        order = (view_table.c.name, view_table.c.key)
        return tuple(_view(row) for row in connection.execute(statement.order_by(*order)))

    return list(database.held(("views", user, model), read))


def delete_view(write: Write, key: str, *, is_admin: bool = False) -> None:
    """Take a view away: its owner or an admin; NameUnknown where it is gone already."""
    mine = view_table.c.key == key
    row = find_own(write, mine, "view", view_table.c.name, is_admin=is_admin)
    write.execute(view_table.delete().where(mine))
    write.audit("delete", "view", key, name=row.name, owner=row.owner)


def _view(row: Any) -> SavedView:
    values = {name: getattr(row, name) for name in SavedView.__slots__}
    values["params"] = json.loads(row.params)
    values["is_shared"] = bool(row.is_shared)
    return SavedView(**values)
