"""How long labels take, and which rows are old enough to have got theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.core import Dataset, Scope
from analytics.query.engine import Engine
from analytics.query.frame import frame

N_DELAYS = 32


@dataclass(frozen=True, slots=True)
class Ripeness:
    """How far labels have come: weights of rows by how long their label took.

    ``edges`` cut the delays in seconds, (a, b]; ``weights`` are one more than they, (before, now).
    """

    now: datetime
    edges: tuple[float, ...]
    weights: tuple[tuple[float, ...], tuple[float, ...]]


DELAY = "date_diff('microsecond', timestamp, known_at) / 1e6"


def ripe_sql(ripeness: Ripeness, side: int) -> str:
    """The weight of a row by how long its label took; rows whose delay is unknown count as 1."""
    above = " + ".join(f"({DELAY} > {edge!r}::DOUBLE)::INT" for edge in ripeness.edges)
    weights = ", ".join(f"{w!r}::DOUBLE" for w in ripeness.weights[side])
    return f"coalesce(list_extract([{weights}], 1 + {above}), 1)"


def delay_edges(engine: Engine, dataset: Dataset, scope: Scope) -> tuple[float, ...]:
    """Where delays are cut: the quantiles of the scope's labels, in seconds; empty if unknown."""
    log = dataset.log("labels", scope.log)
    if "known_at" not in log.columns or not dataset.schema.has("timestamp"):
        return ()
    rows = frame(dataset, scope, with_labels=True, engine=engine)
    if rows is None:
        return ()
    shares = [i / N_DELAYS for i in range(1, N_DELAYS + 1)]
    found = engine.rows(
        rows.select(
            f"SELECT quantile_disc({DELAY}, {shares}) FROM rows"
            " WHERE label IS NOT NULL AND known_at IS NOT NULL"
        ),
        rows.values,
    )[0][0]
    return tuple(sorted({float(e) for e in found})) if found else ()


def old_enough(
    engine: Engine, dataset: Dataset, scope: Scope, edges: Sequence[float], now: datetime
) -> tuple[float, ...]:
    """For each edge, the share of the scope's rows that are at least so many seconds old."""
    rows = frame(dataset, scope)
    if rows is None or not edges:
        return (1.0,) * len(edges)
    values = dict(rows.values)
    picks = []
    for i, edge in enumerate(edges):
        values[f"age{i}"] = now - timedelta(seconds=edge)
        picks.append(f"count(*) FILTER (timestamp <= $age{i})")
    n, *old = engine.rows(rows.select(f"SELECT count(*), {', '.join(picks)} FROM rows"), values)[0]
    return tuple(int(x) / max(int(n), 1) for x in old)
