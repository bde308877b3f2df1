"""Failed sign-ins, counted per user and address, per address and per user; each forgotten in time.

An attempt is written down before the password is checked, so that attempts at the same moment
cannot slip past the limit, and taken back when it succeeds. One address cannot lock a user out
for another address unless it spends the user's own, much larger, allowance.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app.state.database import Database
from app.state.users import user_table

metadata = user_table.metadata
failure_table = sa.Table(
    "login_failure",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, index=True),
    sa.Column("address", sa.String(64), nullable=False, index=True),
    sa.Column("at", sa.DateTime, nullable=False),
)
ADDRESS_FACTOR = 4  # an address may fail this many times more, over all names
NAME_FACTOR = 20  # a name may fail this many times more, over all addresses


def begin_attempt(
    database: Database, name: str, address: str, attempts: int, window_s: int
) -> float | None:
    """Note an attempt; None when it may go on, else the seconds to wait."""
    now = database.clock()
    name, address = name[:64], address[:64]
    table = failure_table.c
    limits = (
        (sa.and_(table.name == name, table.address == address), attempts),
        (table.address == address, attempts * ADDRESS_FACTOR),
        (table.name == name, attempts * NAME_FACTOR),
    )
    with database.write("throttle") as write:
        old = now - timedelta(seconds=window_s)
        write.execute(failure_table.delete().where(table.at <= old))
        for which, limit in limits:
            times = write.execute(
                sa.select(table.at).where(which).order_by(table.at.desc()).limit(limit)
            ).scalars()
            newest = list(times)
            if len(newest) >= limit:
                return float(window_s - (now - newest[-1]).total_seconds())
        write.execute(failure_table.insert().values(name=name, address=address, at=now))
    return None


def forget_failures(database: Database, name: str, address: str) -> None:
    """After a success: the failures of that user from that address no longer count."""
    table = failure_table.c
    which = sa.and_(table.name == name[:64], table.address == address[:64])
    with database.write("throttle") as write:
        write.execute(failure_table.delete().where(which))
