"""Which import each model's monitors were hurried for: once, whichever worker saw it first."""

from __future__ import annotations

import sqlalchemy as sa

from app.state.database import Database, Write
from app.state.monitors import hurry

metadata = sa.MetaData()
looked_table = sa.Table(
    "watch_import",
    metadata,
    sa.Column("model", sa.String(63), primary_key=True),
    sa.Column("import_id", sa.String(120), nullable=False),
)
_looked = looked_table.c


def hurry_once(database: Database, model: str, import_id: str) -> bool:
    """Run the model's monitors soon, unless that was asked for this import already."""
    mine = sa.select(_looked.import_id).where(_looked.model == model)
    with database.read() as connection:
        if connection.execute(mine).scalar() == import_id:
            return False
    with database.write("worker") as write:
        before = write.execute(mine).scalar()
        if before == import_id:
            return False
        _keep(write, model, import_id, is_new=before is None)
        hurry(write, model)
    return True


def _keep(write: Write, model: str, import_id: str, *, is_new: bool) -> None:
    if is_new:
        write.execute(looked_table.insert().values(model=model, import_id=import_id))
    else:
        known = looked_table.update().where(_looked.model == model)
        write.execute(known.values(import_id=import_id))
