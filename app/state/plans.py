"""Plans of labels: which rows were drawn for which question, in which order, with which chances.

A plan is never changed: its rows were drawn once, and the number rests on how. It is only closed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import NameUnknown
from analytics.estimate.plan import Need, Plan
from app.state.database import Database, Write

metadata = sa.MetaData()
plan_table = sa.Table(
    "label_plan",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("model", sa.String(63), nullable=False, index=True),
    sa.Column("project_id", sa.Integer, index=True),
    sa.Column("version", sa.Text),
    sa.Column("window", sa.String(120), nullable=False),
    sa.Column("segment", sa.Text),
    sa.Column("metric", sa.String(40), nullable=False),
    sa.Column("within", sa.Float, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("n_random", sa.Integer, nullable=False),
    sa.Column("n_pool", sa.Integer, nullable=False),
    sa.Column("expected_loss", sa.Float, nullable=False),
    sa.Column("expected_total", sa.Float, nullable=False),
    sa.Column("n_known", sa.Integer, nullable=False),
    sa.Column("known_loss", sa.Float, nullable=False),
    sa.Column("n_history", sa.Integer, nullable=False),
    sa.Column("seed", sa.Integer, nullable=False),
    sa.Column("created_by", sa.String(120), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("closed_at", sa.DateTime),
)
row_table = sa.Table(
    "label_plan_row",
    metadata,
    sa.Column("plan_id", sa.ForeignKey("label_plan.id"), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("prediction_id", sa.Text, nullable=False),
    sa.Column("q", sa.Float, nullable=False),
    sa.Column("p", sa.Float),
    sa.Column("expected", sa.Float, nullable=False),
)
_row = row_table.c


@dataclass(frozen=True, slots=True)
class Asking:
    """The rows that a plan is about, in words that stay the same: a window with fixed ends."""

    model: str
    window: str = "all"
    version: str | None = None
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan as it was made; ``project_id`` is the labelling project whose queue got its rows."""

    id: int
    asking: Asking
    project_id: int | None
    plan: Plan
    created_by: str
    created_at: datetime
    closed_at: datetime | None


def add_plan(write: Write, asking: Asking, plan: Plan, project_id: int | None = None) -> int:
    """Keep a plan with its rows; its number."""
    need = plan.need
    values = {
        **{name: getattr(asking, name) for name in Asking.__slots__},
        **{name: getattr(plan, name) for name in _PLAIN},
        "project_id": project_id,
        "n": need.n,
        "n_random": need.n_random,
        "n_pool": need.n_pool,
        "expected_loss": need.expected,
        "created_by": write.actor,
        "created_at": write.database.clock(),
    }
    number = int(write.execute(plan_table.insert().values(**values)).inserted_primary_key[0])
    columns = (plan.ids, plan.q.tolist(), plan.p.tolist(), plan.expected.tolist())
    rows = [
        {
            "plan_id": number,
            "place": i,
            "prediction_id": name,
            "q": q,
            "p": None if math.isnan(p) else p,
            "expected": expected,
        }
        for i, (name, q, p, expected) in enumerate(zip(*columns, strict=True))
    ]
    write.execute(row_table.insert(), rows)
    write.audit(
        "create",
        "label_plan",
        str(number),
        model=asking.model,
        window=asking.window,
        metric=plan.metric,
        within=plan.within,
        n=need.n,
    )
    return number


_PLAIN = ("metric", "within", "expected_total", "n_known", "known_loss", "n_history", "seed")


def get_plan(database: Database, number: int) -> StoredPlan:
    """The plan of that number; NameUnknown where there is none."""
    with database.read() as connection:
        row = connection.execute(sa.select(plan_table).where(plan_table.c.id == number)).first()
        if row is None:
            raise NameUnknown(f"There is no plan {number}.", "", "See the page Review, Estimate.")
        return _stored(connection, row)


def list_plans(database: Database, model: str, *, with_closed: bool = False) -> list[StoredPlan]:
    """The plans of a model, the latest first."""
    statement = sa.select(plan_table).where(plan_table.c.model == model)
    if not with_closed:
        statement = statement.where(plan_table.c.closed_at.is_(None))
    with database.read() as connection:
        rows = connection.execute(statement.order_by(plan_table.c.id.desc())).all()
        return [_stored(connection, row) for row in rows]


def close_plan(write: Write, number: int) -> None:
    """Put a plan aside; its rows and the labels that came for them stay."""
    mine = (plan_table.c.id == number) & plan_table.c.closed_at.is_(None)
    closed = plan_table.update().where(mine).values(closed_at=write.database.clock())
    if not write.execute(closed).rowcount:
        raise NameUnknown(f"There is no open plan {number}.", "", "Load the page again.")
    write.audit("close", "label_plan", str(number))


def _stored(connection: Connection, row: Any) -> StoredPlan:
    statement = sa.select(row_table).where(_row.plan_id == row.id).order_by(_row.place)
    drawn = connection.execute(statement).all()
    need = Need(row.within, row.n, row.n_random, row.n_pool, row.expected_loss)
    plan = Plan(
        **{name: getattr(row, name) for name in _PLAIN},
        need=need,
        ids=tuple(r.prediction_id for r in drawn),
        q=_floats(r.q for r in drawn),
        p=_floats(math.nan if r.p is None else r.p for r in drawn),
        expected=_floats(r.expected for r in drawn),
    )
    asking = Asking(**{name: getattr(row, name) for name in Asking.__slots__})
    return StoredPlan(
        row.id, asking, row.project_id, plan, row.created_by, row.created_at, row.closed_at
    )


def _floats(values: Iterable[float]) -> Any:
    return np.array(list(values), dtype=float)
