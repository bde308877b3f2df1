"""Incidents that turned out to be part of another: the link stays, and so does each one's story."""

from __future__ import annotations

import sqlalchemy as sa

from app.state.database import Database, Write

metadata = sa.MetaData()
join_table = sa.Table(
    "incident_join",
    metadata,
    sa.Column("incident_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("joined_to", sa.Integer, nullable=False, index=True),
    sa.Column("at", sa.DateTime, nullable=False),
)
_join = join_table.c


def join(write: Write, number: int, into: int) -> None:
    """Make an incident part of another; what was joined to it goes along."""
    now = write.database.clock()
    moved = join_table.update().where(_join.joined_to == number)
    write.execute(moved.values(joined_to=into))
    write.execute(join_table.insert().values(incident_id=number, joined_to=into, at=now))
    write.audit("join", "incident", str(number), into=into)


def part(write: Write, number: int) -> None:
    """It stands alone again."""
    write.execute(join_table.delete().where(_join.incident_id == number))
    write.audit("part", "incident", str(number))


def joined_to(database: Database, number: int) -> list[int]:
    """The incidents that are part of this one, in the order of their numbers."""
    mine = sa.select(_join.incident_id).where(_join.joined_to == number)
    with database.read() as connection:
        return list(connection.execute(mine.order_by(_join.incident_id)).scalars())
