"""Named steps that bring a state database to the present schema, from blank or from any older one.

Each step is a function in ``app/state/steps/`` (``mNNNN_name.py`` with ``apply(connection)``);
what has run stands in the table ``migration``. One migrator at a time: the write transaction.
"""

from __future__ import annotations

import importlib
import pkgutil

import sqlalchemy as sa

from app.state import steps
from app.state.database import Database

_metadata = sa.MetaData()
_migration = sa.Table(
    "migration",
    _metadata,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("applied_at", sa.DateTime, nullable=False),
)


def step_names() -> list[str]:
    """The steps in order."""
    return sorted(m.name for m in pkgutil.iter_modules(steps.__path__) if m.name[:1] == "m")


def migrate(database: Database) -> list[str]:
    """Apply the steps that have not run yet, all in one transaction; the names of those applied."""
    applied = []
    with database.write("migration") as write:
        _metadata.create_all(write.connection)
        done = set(write.execute(sa.select(_migration.c.name)).scalars())
        for name in step_names():
            if name in done:
                continue
            importlib.import_module(f"app.state.steps.{name}").apply(write.connection)
            write.execute(_migration.insert(), {"name": name, "applied_at": database.clock()})
            applied.append(name)
        if applied:
            write.audit("migrate", "database", "state", steps=applied)
    return applied


def is_reachable(database: Database) -> bool:
    """Whether the database answers and has been migrated."""
    try:
        with database.read() as connection:
            connection.execute(sa.select(sa.func.count()).select_from(_migration))
    except sa.exc.SQLAlchemyError:
        return False
    return True
