"""Exact order statistics of many latencies without sorting all of them.

One scan counts narrow bins, which says in which bin each wanted rank lies; a second reads only the
rows of those bins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from analytics.query.engine import Engine
from analytics.query.frame import Frame
from analytics.query.groups import Key

PER_E = 400  # bins for each factor of e: a quarter of a per cent wide
LOWEST, HIGHEST = (
    -(2**31),
    2**31 - 1,
)  # bins of what has no logarithm: zero and less; infinite and NaN
Z = 1.96


def rank_of(share: float, side: float, n: int) -> int:
    """The rank of a quantile of n rows, or of an end of its interval (side -1.96 or 1.96)."""
    at = share + side * math.sqrt(share * (1 - share) / n)
    return int(max(1, min(n, math.ceil(n * at))))


def order_statistics(
    engine: Engine, rows: Frame, shares: Sequence[float], kept: str, source: str = "rows"
) -> dict[Key, tuple[int, float, list[float]]]:
    """By period and version: rows that are kept, the largest latency, and value, low, high of each share."""
    binned = (
        "SELECT _period, _version, latency_ms, CASE WHEN isnan(latency_ms) OR latency_ms = 'inf'::DOUBLE"
        f" THEN {HIGHEST} WHEN latency_ms > 0 THEN CAST(floor(ln(latency_ms) * {PER_E}) AS INTEGER)"
        f" ELSE {LOWEST} END AS bin FROM {source} WHERE latency_ms IS NOT NULL AND {kept}"
    )
    counted: dict[Key, list[tuple[int, int, float]]] = {}
    sql = rows.select(
        f"SELECT _period, _version, bin, count(*), max(latency_ms) FROM ({binned}) GROUP BY ALL"
        " ORDER BY ALL"
    )
    for period, version, at, n, largest in engine.rows(sql, rows.values):
        counted.setdefault((period, version), []).append((int(at), int(n), float(largest)))
    keys = list(counted)
    wanted = [w for i, key in enumerate(keys) for w in _wanted(i, counted[key], shares)]
    found = _read(engine, rows, binned, keys, wanted)
    answer: dict[Key, tuple[int, float, list[float]]] = {}
    each = 3 * len(shares)
    for i, key in enumerate(keys):
        n = sum(count for _bin, count, _largest in counted[key])
        answer[key] = (n, counted[key][-1][2], found[i * each : (i + 1) * each])
    return answer


def _wanted(
    group: int, bins: Sequence[tuple[int, int, float]], shares: Sequence[float]
) -> list[tuple[int, int, int]]:
    """(group, bin, rank within the bin) of every number asked for."""
    cumulated = np.cumsum([n for _bin, n, _largest in bins])
    total = int(cumulated[-1])
    found = []
    for share in shares:
        for side in (0.0, -Z, Z):
            rank = rank_of(share, side, total)
            at = int(np.searchsorted(cumulated, rank))
            before = int(cumulated[at - 1]) if at else 0
            found.append((group, bins[at][0], rank - before))
    return found


def _read(
    engine: Engine,
    rows: Frame,
    binned: str,
    keys: Sequence[Key],
    wanted: Sequence[tuple[int, int, int]],
) -> list[float]:
    """The values at those ranks, in order."""
    if not wanted:
        return []
    values: dict[str, Any] = {
        **rows.values,
        "bins": [at for _group, at, _rank in wanted],
        "ranks": [rank for _group, _bin, rank in wanted],
        "periods": [keys[group][0] for group, _bin, _rank in wanted],
        "versions": [keys[group][1] for group, _bin, _rank in wanted],
    }
    same = "bin = b AND _period IS NOT DISTINCT FROM p AND _version IS NOT DISTINCT FROM v"
    sql = rows.select(
        ", wanted AS MATERIALIZED (SELECT unnest($periods::BIGINT[]) AS p, unnest($versions::VARCHAR[])"
        " AS v, unnest($bins::INTEGER[]) AS b, unnest($ranks::BIGINT[]) AS rank,"
        " unnest(range(len($bins))) AS place), ordered AS (SELECT _period, _version, bin,"
        f" list(latency_ms ORDER BY latency_ms) AS numbers FROM ({binned}) SEMI JOIN wanted ON {same}"
        " GROUP BY ALL)"
        f" SELECT numbers[rank] FROM wanted JOIN ordered ON {same} ORDER BY place"
    )
    return [float(latency) for (latency,) in engine.rows(sql, values)]
