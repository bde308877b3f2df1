"""Grants: a user has a role on a model ('*' is every model). None by default."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from app.state.database import Write
from app.state.users import User, user_table

metadata = user_table.metadata
grant_table = sa.Table(
    "grant",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("user.id"), nullable=False, index=True),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("model", sa.String(63), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.UniqueConstraint("user_id", "role", "model"),
)
EVERY_MODEL = "*"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A role on a model."""

    role: str
    model: str

    def covers(self, model: str) -> bool:
        """Whether the grant is for that model."""
        return self.model in (EVERY_MODEL, model)


def list_grants(connection: Connection, user_id: int) -> tuple[Grant, ...]:
    """The user's grants, in order."""
    query = sa.select(grant_table.c.role, grant_table.c.model)
    rows = connection.execute(query.where(grant_table.c.user_id == user_id)).all()
    return tuple(sorted(Grant(row.role, row.model) for row in rows))


def add_grant(write: Write, user: User, grant: Grant) -> None:
    """Give the user a role on a model; giving it twice changes nothing."""
    if grant in list_grants(write.connection, user.id):
        return
    values = {"user_id": user.id, "role": grant.role, "model": grant.model}
    write.execute(grant_table.insert().values(**values, created_at=write.database.clock()))
    write.audit("grant", "user", user.name, role=grant.role, model=grant.model)


def remove_grant(write: Write, user: User, grant: Grant) -> None:
    """Take a role on a model away; it need not be there."""
    table = grant_table.c
    which = sa.and_(table.user_id == user.id, table.role == grant.role, table.model == grant.model)
    if write.execute(grant_table.delete().where(which)).rowcount:
        write.audit("take grant", "user", user.name, role=grant.role, model=grant.model)


def count_admins(connection: Connection) -> int:
    """Active users who administer everything."""
    query = (
        sa.select(sa.func.count(sa.distinct(user_table.c.id)))
        .join(grant_table, grant_table.c.user_id == user_table.c.id)
        .where(grant_table.c.role == "admin", grant_table.c.model == EVERY_MODEL)
        .where(user_table.c.is_active)
    )
    return int(connection.execute(query).scalar_one())
