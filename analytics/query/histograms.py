"""What charts draw of a log: shares by bin and by level, label delays, versions, facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from analytics.core import Dataset, Scope
from analytics.needs import Floats
from analytics.query.columns import level_counts, numeric_values
from analytics.query.engine import Engine
from analytics.query.frame import frame
from analytics.sources.relation import quote_name

N_BINS = 40
_SHOWN = (0.005, 0.995)  # the middle of both sides that a histogram spans
DAY_S = 86400.0
CURVE_SHARES = tuple(i / 200 for i in range(197))  # the last labels take longest: left out
Curve = tuple[tuple[float, ...], tuple[float, ...]]
Ends = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Shares of both sides on shared edges; rows beyond them are counted, not drawn."""

    edges: Floats
    current: Floats
    reference: Floats | None
    n_beyond: int
    n: int
    n_missing: int


@dataclass(frozen=True, slots=True)
class LevelShares:
    """Shares of both sides by level, the largest first."""

    levels: tuple[str, ...]
    current: Floats
    reference: Floats | None
    n: int
    n_missing: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A model version: its rows and when it was first and last seen."""

    version: str
    n: int
    first: datetime | None
    last: datetime | None


def histogram(
    engine: Engine, dataset: Dataset, scope: Scope, reference: Scope | None, column: str
) -> Histogram | None:
    """A numeric column of the window and of the reference; None when neither has a value."""
    now, missing = numeric_values(engine, dataset, scope, [column])[column].get(
        (None, None), (np.empty(0), 0)
    )
    then: Floats | None = None
    if reference is not None:
        found = numeric_values(engine, dataset, reference, [column])[column]
        then = found.get((None, None), (np.empty(0), 0))[0]
    sides = [v[np.isfinite(v)] for v in (now, then) if v is not None]
    filled = [v for v in sides if len(v)]
    if not filled:
        return None
    edges = bin_edges(filled)
    counts = [np.histogram(v, edges)[0] / max(len(v), 1) for v in sides]
    beyond = int(((now < edges[0]) | (now > edges[-1])).sum())
    return Histogram(
        edges, counts[0], None if then is None else counts[1], beyond, len(now) + missing, missing
    )


def histogram_between(
    engine: Engine, dataset: Dataset, scopes: tuple[Scope, Scope], column: str, ends: Ends
) -> Histogram | None:
    """The same of a long log, whose ends are known well enough: rows are counted, not sorted.

    ``scopes`` are the window's and the reference's.
    """
    low, high = ends
    is_narrow = high - low <= N_BINS
    is_whole = is_narrow and not any(_n_broken(engine, dataset, s, column) for s in scopes)
    if is_whole:  # the lower end is the last edge below the values
        edges = np.arange(np.floor(low) + 0.5, np.ceil(high) + 1.0, 1.0)
    else:
        edges = (
            np.linspace(low, high, N_BINS + 1) if low < high else np.array([low - 0.5, high + 0.5])
        )
    sides = [_counted(engine, dataset, scope, column, edges) for scope in scopes]
    shares = [counts / max(n_finite, 1) for counts, n_finite, *_rest in sides]
    _counts, _finite, beyond, n, missing = sides[0]
    return Histogram(edges, shares[0], shares[1], beyond, n, missing)


def _n_broken(engine: Engine, dataset: Dataset, scope: Scope, column: str) -> int:
    """Finite values that are no whole numbers."""
    rows = frame(dataset, scope, [column])
    if rows is None:
        return 0
    number = f"CAST({quote_name(column)} AS DOUBLE)"
    text = f"SELECT count(*) FILTER (isfinite({number}) AND {number} <> round({number})) FROM rows"
    return int(engine.rows(rows.select(text), rows.values)[0][0])


def _counted(
    engine: Engine, dataset: Dataset, scope: Scope, column: str, edges: Floats
) -> tuple[Floats, int, int, int, int]:
    """(rows by bin, finite values, values beyond the edges, rows, rows without a value)."""
    n_bins = len(edges) - 1
    counts = np.zeros(n_bins)
    rows = frame(dataset, scope, [column])
    if rows is None:
        return counts, 0, 0, 0, 0
    width = (edges[-1] - edges[0]) / n_bins
    values = {
        **rows.values,
        "low": float(edges[0]),
        "high": float(edges[-1]),
        "width": float(width),
    }
    sql = rows.select(
        "SELECT CASE WHEN x IS NULL OR isnan(x) THEN -2 WHEN x < $low OR x > $high THEN"
        f" CASE WHEN isfinite(x) THEN -1 ELSE -3 END ELSE least(floor((x - $low) / $width), {n_bins - 1})"
        f" END AS bin, count(*) FROM (SELECT CAST({quote_name(column)} AS DOUBLE) AS x FROM rows)"
        " GROUP BY ALL"
    )
    found = {int(at): int(n) for at, n in engine.rows(sql, values)}
    for at, n in found.items():
        if at >= 0:
            counts[at] = n
    missing, beyond = found.get(-2, 0), found.get(-1, 0) + found.get(-3, 0)
    n = sum(found.values())
    return counts, n - missing - found.get(-3, 0), beyond, n, missing


def bin_edges(sides: Sequence[Floats], n_bins: int = N_BINS) -> Floats:
    """Shared edges over the middle 99 % of every side; whole numbers get bins of their own.

    >>> bin_edges([np.array([0.0, 1.0, 2.0])]).tolist()
    [-0.5, 0.5, 1.5, 2.5]
    """
    low = min(float(np.quantile(v, _SHOWN[0])) for v in sides)
    high = max(float(np.quantile(v, _SHOWN[1])) for v in sides)
    if high - low <= n_bins and all(bool((v == np.round(v)).all()) for v in sides):
        return np.arange(np.floor(low) - 0.5, np.ceil(high) + 1.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, n_bins + 1)


def level_shares(
    engine: Engine, dataset: Dataset, scope: Scope, reference: Scope | None, column: str
) -> LevelShares | None:
    """A column's levels in the window and in the reference; None when neither has a value."""
    now, missing = level_counts(engine, dataset, scope, [column])[column].get((None, None), ({}, 0))
    then: dict[str, float] | None = None
    if reference is not None:
        found = level_counts(engine, dataset, reference, [column])[column]
        then = found.get((None, None), ({}, 0))[0]
    levels = sorted(
        {*now, *(then or {})}, key=lambda k: -max(now.get(k, 0), (then or {}).get(k, 0))
    )
    if not levels:
        return None
    n, m = sum(now.values()), sum((then or {}).values())
    return LevelShares(
        tuple(levels),
        np.array([now.get(k, 0) / max(n, 1) for k in levels]),
        None if then is None else np.array([then.get(k, 0) / max(m, 1) for k in levels]),
        int(n) + missing,
        missing,
    )


def versions(engine: Engine, dataset: Dataset, scope: Scope) -> tuple[Seen, ...]:
    """The model versions of a scope in the order in which they first appear."""
    if "model_version" not in dataset.log("predictions", scope.log).columns:
        return ()
    rows = frame(dataset, scope)
    if rows is None:
        return ()
    sql = rows.select(
        "SELECT model_version, count(*), min(timestamp), max(timestamp) FROM rows"
        " WHERE model_version IS NOT NULL GROUP BY model_version ORDER BY min(timestamp), min(row)"
    )
    return tuple(Seen(str(v), int(n), a, b) for v, n, a, b in engine.rows(sql, rows.values))


def delay_curve(engine: Engine, dataset: Dataset, scope: Scope) -> Curve:
    """(days after the prediction, share of its labels known by then); empty without arrival times.

    The share is of labels that did arrive; rows that never get one are no part of it.
    """
    log = dataset.log("labels", scope.log)
    rows = frame(dataset, scope, with_labels=True, engine=engine)
    if rows is None or "known_at" not in log.columns or not dataset.schema.has("timestamp"):
        return (), ()
    sql = rows.select(
        f"SELECT quantile_cont(delay, {list(CURVE_SHARES)}) FROM"
        " (SELECT date_diff('microsecond', timestamp, known_at) / 1e6 AS delay FROM rows"
        " WHERE label IS NOT NULL AND known_at IS NOT NULL)"
    )
    found = engine.rows(sql, rows.values)[0][0]
    if found is None:
        return (), ()
    return tuple(float(s) / DAY_S for s in found), CURVE_SHARES
