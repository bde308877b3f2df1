"""Planned maintenance: spans that come again, in which a model's incidents tell nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from analytics.errors import NameUnknown, UsageError
from app.state.database import Database, Write
from app.state.spans import Weekly, check_span

MOST = 20  # of one model
metadata = sa.MetaData()
maintenance_table = sa.Table(
    "maintenance",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("model", sa.String(63), nullable=False, index=True),
    sa.Column("column", sa.String(200), nullable=False),
    sa.Column("days", sa.String(7), nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("zone", sa.String(60), nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("author", sa.String(120), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("ended_at", sa.DateTime),
)
_row = maintenance_table.c


@dataclass(frozen=True, slots=True)
class Maintenance:
    """One plan; without a column it covers the whole model."""

    id: int
    model: str
    column: str
    span: Weekly
    comment: str
    author: str


def add_maintenance(write: Write, model: str, column: str, span: Weekly, comment: str) -> int:
    """Plan it, from now on."""
    span = check_span(span)
    if not comment.strip():
        raise UsageError("Maintenance says why.", "Whoever misses an alert will look here.", "")
    mine = sa.select(sa.func.count()).where(_row.model == model, _row.ended_at.is_(None))
    if write.execute(mine).scalar_one() >= MOST:
        raise UsageError(f"A model has at most {MOST} plans of maintenance.", "", "End one first.")
    values = {"model": model, "column": column.strip(), "comment": comment.strip()[:2_000]}
    values |= {name: getattr(span, name) for name in Weekly.__slots__}
    made = {"author": write.actor, "created_at": write.database.clock()}
    done = write.execute(maintenance_table.insert().values(**values, **made))
    number = int(done.inserted_primary_key[0])
    write.audit("create", "maintenance", str(number), model=model, span=span.say())
    return number


def end_maintenance(write: Write, model: str, number: int) -> None:
    """Plan it no more."""
    mine = maintenance_table.update().where(_row.id == number, _row.model == model)
    mine = mine.where(_row.ended_at.is_(None))
    if not write.execute(mine.values(ended_at=write.database.clock())).rowcount:
        raise NameUnknown("That maintenance is planned no more.", "", "Load the page again.")
    write.audit("end", "maintenance", str(number))


def list_maintenance(database: Database, model: str) -> list[Maintenance]:
    """What is planned for a model."""
    with database.read() as connection:
        return [_plan(row) for row in connection.execute(_planned(model))]


def under_maintenance(
    write: Write, model: str, columns: Iterable[str], moment: datetime | None = None
) -> Maintenance | None:
    """The maintenance in force that covers an incident of these columns."""
    now, names = moment or write.database.clock(), {"", *columns}
    plans = map(_plan, write.execute(_planned(model)))
    return next((p for p in plans if p.column in names and p.span.until(now)), None)


def _planned(model: str) -> sa.Select[Any]:
    mine = sa.select(maintenance_table).where(_row.model == model, _row.ended_at.is_(None))
    return mine.order_by(_row.id)


def _plan(row: Any) -> Maintenance:
    span = Weekly(row.days, row.start, row.minutes, row.zone)
    return Maintenance(row.id, row.model, row.column, span, row.comment, row.author)
