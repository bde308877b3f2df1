"""What labelled rows lost, one by one, in the order in which their labels came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analytics.core import Dataset, Scope
from analytics.needs import Floats
from analytics.query.engine import Engine
from analytics.query.frame import frame
from analytics.query.losses import RowLoss

MOST = 2_000_000  # rows that are walked; the latest of more


@dataclass(frozen=True, slots=True)
class Stream:
    """Losses in order, the microseconds since 1970 at which each row was predicted, and its period."""

    loss: Floats
    at_us: Any
    total: int
    period: Any = None


def losses_in_order(engine: Engine, dataset: Dataset, scope: Scope, of: RowLoss) -> Stream:
    """The losses of the scope's labelled rows by arrival of their labels, else by time and row."""
    rows = frame(dataset, scope, of.columns, with_labels=True, engine=engine)
    if rows is None:
        return Stream(np.empty(0), np.empty(0), 0)
    keep = of.keep + (" AND label IS NOT NULL" if of.needs_labels else "")
    sql = rows.select(
        f"SELECT CAST({of.loss} AS DOUBLE) AS loss, epoch_us(timestamp) AS at_us,"
        f" _period AS period, count(*) OVER () AS total FROM rows WHERE {keep}"
        f" ORDER BY coalesce(known_at, timestamp) DESC, timestamp DESC, row DESC LIMIT {MOST}"
    )
    found = engine.arrays(sql, {**rows.values, **of.values})
    total = int(found["total"][0]) if len(found["loss"]) else 0
    loss = np.asarray(found["loss"], dtype=float)[::-1]
    return Stream(loss, found["at_us"][::-1], total, found["period"][::-1])
