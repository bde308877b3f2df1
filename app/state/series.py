"""How the series of monitors without periods stand: one that looks at a window as a whole has no other past."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from app.state.database import Database, Write

metadata = sa.MetaData()
series_table = sa.Table(
    "monitor_series",
    metadata,
    sa.Column("model", sa.String(63), primary_key=True),
    sa.Column("monitor", sa.String(120), primary_key=True),
    sa.Column("series", sa.Text, nullable=False),
)
_series = series_table.c
Rows = Sequence[Sequence[Any]]


def series_of(database: Database, model: str) -> dict[str, Rows]:
    """By monitor, what was kept of its series after its last look."""
    with database.read() as connection:
        rows = connection.execute(sa.select(series_table).where(_series.model == model)).all()
    return {row.monitor: json.loads(row.series) for row in rows}


def keep_series(write: Write, model: str, now: dict[str, Rows]) -> None:
    """Replace what is kept of these monitors."""
    for monitor, rows in now.items():
        mine = (_series.model == model) & (_series.monitor == monitor)
        write.execute(series_table.delete().where(mine))
        values = {"model": model, "monitor": monitor, "series": json.dumps([list(r) for r in rows])}
        write.execute(series_table.insert().values(**values))


def forget_series(write: Write, model: str) -> None:
    """Nobody watches the model any more."""
    write.execute(series_table.delete().where(_series.model == model))
