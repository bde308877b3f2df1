"""The inbox: which items there are, in which order, and how many of each kind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement

from app.state.database import Database
from app.state.feedback import NOT_COUNTED, OPEN, Item, feedback_table, to_item

_c = feedback_table.c
RECENT, LEAST_WORDS, ALIKE = 300, 8, 0.8


@dataclass(frozen=True, slots=True)
class Filter:
    """Which items; what is empty or None does not restrict. ``assignee`` "" is nobody's."""

    model: str
    statuses: tuple[str, ...] = ()
    assignee: str | None = None
    is_negative_only: bool = False
    version: str | None = None
    prediction_id: str | None = None
    tag: str | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """How much there is to do: items by status, and the ages of the open ones."""

    by_status: dict[str, int]
    n_open: int
    n_unassigned: int
    oldest: datetime | None
    median: datetime | None


def list_items(database: Database, which: Filter, at: int = 0, number: int = 50) -> list[Item]:
    """Items, the newest first."""
    statement = (
        sa.select(feedback_table)
        .where(*_conditions(which))
        .order_by(_c.seq.desc())
        .offset(at)
        .limit(number)
    )
    return _items(database, statement)


def list_after(database: Database, which: Filter, after: int, number: int) -> list[Item]:
    """Items in the order of arrival that came after a sequence number."""
    statement = (
        sa.select(feedback_table)
        .where(*_conditions(which), _c.seq > after)
        .order_by(_c.seq)
        .limit(number)
    )
    return _items(database, statement)


def count_items(database: Database, which: Filter) -> int:
    """How many there are."""
    statement = sa.select(sa.func.count()).select_from(feedback_table).where(*_conditions(which))
    with database.read() as connection:
        return int(connection.execute(statement).scalar_one())


def newest_of(database: Database, model: str) -> int:
    """The sequence number of the item that came last; 0 where none did."""
    with database.read() as connection:
        found = connection.execute(sa.select(sa.func.max(_c.seq)).where(_c.model == model)).scalar()
    return int(found or 0)


def items_of(database: Database, model: str, prediction_id: str) -> list[Item]:
    """Everything that was said of one prediction, the newest first."""
    return list_items(database, Filter(model, prediction_id=prediction_id), 0, 200)


def load_of(database: Database, model: str) -> Load:
    """How much there is to do for a model."""
    mine = _c.model == model
    counted = sa.select(_c.status, sa.func.count()).where(mine).group_by(_c.status)
    waiting = mine & _c.status.in_(OPEN)
    with database.read() as connection:
        by_status = {str(s): int(n) for s, n in connection.execute(counted)}
        n_open = sum(by_status.get(status, 0) for status in OPEN)
        nobody = sa.select(sa.func.count()).select_from(feedback_table)
        n_unassigned = connection.execute(nobody.where(waiting, _c.assignee.is_(None))).scalar_one()
        ages = sa.select(_c.created_at).where(waiting).order_by(_c.created_at)
        oldest = connection.execute(ages.limit(1)).scalar()
        middle = connection.execute(ages.offset(max(0, (n_open - 1) // 2)).limit(1)).scalar()
    return Load(by_status, n_open, int(n_unassigned), oldest, middle)


def open_since(database: Database, model: str) -> list[datetime]:
    """When the open items were said, the oldest first."""
    statement = sa.select(_c.created_at).where(_c.model == model, _c.status.in_(OPEN))
    with database.read() as connection:
        return list(connection.execute(statement.order_by(_c.created_at)).scalars())


def similar_to(database: Database, item: Item, most: int = 5) -> list[Item]:
    """Items that may say the same: of the same prediction first, then of like words; no guess."""
    import difflib

    same = [i for i in items_of(database, item.model, item.prediction_id) if item.prediction_id]
    recent = list_items(database, Filter(item.model), 0, RECENT)
    words = item.comment.casefold().strip()
    alike = [
        i
        for i in recent
        if len(words) >= LEAST_WORDS
        and i.comment
        and difflib.SequenceMatcher(None, words, i.comment.casefold()).quick_ratio() >= ALIKE
        and difflib.SequenceMatcher(None, words, i.comment.casefold()).ratio() >= ALIKE
    ]
    found = {i.id: i for i in (*same, *alike) if i.id != item.id and i.duplicate_of != item.id}
    earlier = [i for i in found.values() if i.seq < item.seq and i.status not in NOT_COUNTED]
    return sorted(earlier, key=lambda i: i.seq)[:most]


def versions_of(database: Database, model: str) -> list[str]:
    """The versions that feedback is about."""
    statement = sa.select(_c.model_version).where(_c.model == model).distinct()
    with database.read() as connection:
        return sorted(v for v in connection.execute(statement).scalars() if v)


def assignees_of(database: Database, model: str) -> list[tuple[str, int, int]]:
    """(who, open items, items done) for everybody who looks after some."""
    is_open = sa.case((_c.status.in_(OPEN), 1), else_=0)
    statement = (
        sa.select(_c.assignee, sa.func.sum(is_open), sa.func.count())
        .where(_c.model == model, _c.assignee.is_not(None))
        .group_by(_c.assignee)
        .order_by(_c.assignee)
    )
    with database.read() as connection:
        rows = connection.execute(statement).all()
    return [(str(who), int(n_open), int(n) - int(n_open)) for who, n_open, n in rows]


def tags_of(database: Database, model: str) -> list[str]:
    """Every tag in use."""
    statement = sa.select(_c.tags).where(_c.model == model, _c.tags != "[]").distinct()
    with database.read() as connection:
        found = connection.execute(statement).scalars().all()
    return sorted({tag for text in found for tag in json.loads(text)})


def _items(database: Database, statement: Any) -> list[Item]:
    with database.read() as connection:
        return [to_item(row) for row in connection.execute(statement)]


def _conditions(which: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_c.model == which.model]
    if which.statuses:
        found.append(_c.status.in_(which.statuses))
    if which.assignee is not None:
        found.append(_c.assignee == which.assignee if which.assignee else _c.assignee.is_(None))
    if which.is_negative_only:
        found.append(_c.is_negative.is_(True))
    if which.version is not None:
        found.append(_c.model_version == which.version)
    if which.prediction_id is not None:
        found.append(_c.prediction_id == which.prediction_id)
    if which.tag is not None:
        found.append(_c.tags.contains(json.dumps(which.tag), autoescape=True))
    if which.text:
        found.append(_c.comment.icontains(which.text, autoescape=True))
    if which.since is not None:
        found.append(_c.created_at >= which.since)
    if which.until is not None:
        found.append(_c.created_at < which.until)
    return found
