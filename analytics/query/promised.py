"""Requests counted by whether they kept a promise about their latency."""

from __future__ import annotations

from analytics.core import Dataset, Scope
from analytics.query.engine import Engine
from analytics.query.frame import frame
from analytics.query.groups import Key
from analytics.query.serving import SUCCEEDED

Counts = tuple[int, int, int, int, int]


def promised(
    engine: Engine, dataset: Dataset, scope: Scope, threshold_ms: float
) -> dict[Key, Counts]:
    """By period and version: requests of known outcome, fast, slow (within four times), failed, unknown.

    A request that failed broke the promise however fast it was; one that was answered after a time
    that was not logged is unknown and not among the first number.
    """
    if "latency_ms" not in dataset.log("predictions", scope.log).columns:
        return {}
    rows = frame(dataset, scope, ("latency_ms", "status"))
    if rows is None:
        return {}
    known = f"(NOT {SUCCEEDED} OR latency_ms IS NOT NULL)"
    fast = f"{SUCCEEDED} AND latency_ms <= $threshold"
    slow = f"{SUCCEEDED} AND latency_ms > $threshold AND latency_ms <= 4 * $threshold"
    sql = rows.select(
        f"SELECT _period, _version, count(*) FILTER ({known}), count(*) FILTER ({fast}),"
        f" count(*) FILTER ({slow}), count(*) FILTER (NOT {SUCCEEDED}),"
        f" count(*) FILTER (NOT {known}) FROM rows GROUP BY ALL"
    )
    values = {**rows.values, "threshold": threshold_ms}
    return {
        (period, version): (int(n), int(n_fast), int(n_slow), int(n_failed), int(n_unknown))
        for period, version, n, n_fast, n_slow, n_failed, n_unknown in engine.rows(sql, values)
    }


def quantiles(engine: Engine, dataset: Dataset, scope: Scope, share: float) -> dict[Key, float]:
    """One latency quantile of answered requests by period and version, the order statistic alone."""
    rows = frame(dataset, scope, ("latency_ms", "status"))
    if rows is None:
        return {}
    sql = rows.select(
        "SELECT _period, _version, quantile_disc(latency_ms, $share) FROM rows"
        f" WHERE latency_ms IS NOT NULL AND {SUCCEEDED} GROUP BY ALL"
    )
    found = engine.rows(sql, {**rows.values, "share": share})
    return {(period, version): float(value) for period, version, value in found}
