"""Join feedback to the predictions it is about, also when these arrive later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.state.database import Database
from app.state.feedback import feedback_table

if TYPE_CHECKING:
    from analytics.core import Dataset
    from analytics.query.engine import Engine

AT_ONCE = 2000
_c = feedback_table.c


def unlinked(database: Database, links: tuple[str, ...] = ("waiting", "unlinked")) -> list[str]:
    """The models of which some item is not linked."""
    statement = sa.select(_c.model).where(_c.link.in_(links)).distinct().order_by(_c.model)
    with database.read() as connection:
        return list(connection.execute(statement).scalars())


def link(
    engine: Engine,
    database: Database,
    dataset: Dataset,
    item_id: str | None = None,
    *,
    links: tuple[str, ...] = ("waiting", "unlinked"),
) -> int:
    """Look for the predictions of items that have none yet; the number found."""
    from analytics.query.feedback import find_versions

    which = (_c.model == dataset.model) & _c.link.in_(links)
    if item_id is not None:
        which &= _c.id == item_id
    total = after = 0
    while True:
        some = sa.select(_c.seq, _c.prediction_id, _c.link).where(which, _c.seq > after)
        with database.read() as connection:
            rows = connection.execute(some.order_by(_c.seq).limit(AT_ONCE)).all()
        if not rows:
            return total
        after = rows[-1].seq
        found = find_versions(engine, dataset, sorted({row.prediction_id for row in rows}))
        total += _write(database, dataset.model, rows, found)


def _write(
    database: Database, model: str, rows: Sequence[Any], found: dict[str, str | None]
) -> int:
    there = [row for row in rows if row.prediction_id in found]
    missing = [row.seq for row in rows if row.prediction_id not in found and row.link == "waiting"]
    if not there and not missing:
        return 0
    by_version: dict[str | None, list[int]] = {}
    for row in there:
        by_version.setdefault(found[row.prediction_id], []).append(row.seq)
    with database.write("linking") as write:
        for version, seqs in by_version.items():
            change = feedback_table.update().where(_c.seq.in_(seqs))
            write.execute(change.values(link="linked", model_version=version))
        if missing:
            change = feedback_table.update().where(_c.seq.in_(missing))
            write.execute(change.values(link="unlinked"))
        write.audit("link", "feedback", model, n=len(there), n_missing=len(missing))
    return len(there)
