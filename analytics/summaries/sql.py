"""What a summary of numeric columns is, in SQL that other engines run as it stands.

``analytics.summaries.columns`` counts the same faster; a test holds both to the same integers. Edges
are stored values, written so that they are read back bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping

from analytics.needs import Floats
from analytics.sources.relation import quote_name, quote_text


def bin_sql(number: str, edges: Floats) -> str:
    """The bin of a number: how many edges lie below it; the last bin is that of what is missing.

    >>> import numpy as np
    >>> bin_sql("x", np.array([0.5]))
    "CASE WHEN x IS NULL OR isnan(x) THEN 2 ELSE CASE WHEN x <= CAST('0.5' AS DOUBLE) THEN 0 ELSE 1 END END"
    """
    missing = len(edges) + 1
    return (
        f"CASE WHEN {number} IS NULL OR isnan({number}) THEN {missing}"
        f" ELSE {_tree(number, edges.tolist(), 0, len(edges))} END"
    )


def _tree(number: str, edges: list[float], low: int, high: int) -> str:
    if low == high:
        return str(low)
    at = (low + high) // 2
    edge = f"CAST('{edges[at]!r}' AS DOUBLE)"
    below, above = _tree(number, edges, low, at), _tree(number, edges, at + 1, high)
    return f"CASE WHEN {number} <= {edge} THEN {below} ELSE {above} END"


def hours_sql(source: str, *, has_version: bool) -> str:
    """Rows (hour, version, n, first, last) of a relation."""
    version = "model_version" if has_version else "CAST(NULL AS VARCHAR)"
    return (
        "SELECT hour, version, count(*) AS n, min(timestamp) AS first, max(timestamp) AS last FROM"
        f" (SELECT date_trunc('hour', timestamp) AS hour, {version} AS version, timestamp"
        f" FROM {source}) AS rows GROUP BY hour, version"
    )


def numbers_sql(source: str, grid: Mapping[str, Floats], *, has_version: bool) -> str:
    """Long rows (hour, version, name, bin, n, low, high) of a relation's numeric columns."""
    version = "model_version" if has_version else "CAST(NULL AS VARCHAR)"
    selects = [
        f"SELECT hour, version, {quote_text(name)} AS name, bin, count(*) AS n,"
        " min(CASE WHEN NOT isnan(x) THEN x END) AS low,"
        " max(CASE WHEN NOT isnan(x) THEN x END) AS high"
        f" FROM (SELECT hour, version, x, {bin_sql('x', edges)} AS bin FROM"
        f" (SELECT date_trunc('hour', timestamp) AS hour, {version} AS version,"
        f" CAST({quote_name(name)} AS DOUBLE) AS x FROM {source}) AS rows) AS binned"
        " GROUP BY hour, version, bin"
        for name, edges in grid.items()
    ]
    return " UNION ALL ".join(selects)


def levels_sql(source: str, names: list[str], most: int, *, has_version: bool) -> str:
    """Long rows (hour, version, name, level, is_tail, n) of a relation's columns of levels.

    Of each column the ``most`` commonest levels are kept (ties in the order of their names); the rest
    are counted together as its tail. What is missing has no level and is no tail.
    """
    version = "model_version" if has_version else "CAST(NULL AS VARCHAR)"
    picks = ", ".join(f"CAST({quote_name(c)} AS VARCHAR) AS c{i}" for i, c in enumerate(names))
    sets = ", ".join(f"(hour, version, c{i})" for i in range(len(names)))
    cases = [(f"WHEN GROUPING(c{i}) = 0 THEN", quote_text(name)) for i, name in enumerate(names)]
    name = " ".join(f"{case} {text}" for case, text in cases)
    level = " ".join(f"{case} c{i}" for i, (case, _text) in enumerate(cases))
    return (
        f"WITH counted AS (SELECT hour, version, CASE {name} END AS name, CASE {level} END AS level,"
        f" count(*) AS n FROM (SELECT date_trunc('hour', timestamp) AS hour, {version} AS version,"
        f" {picks} FROM {source}) AS rows GROUP BY GROUPING SETS ({sets})),"
        " places AS (SELECT name, level, row_number() OVER"
        " (PARTITION BY name ORDER BY sum(n) DESC, level) AS place"
        " FROM counted WHERE level IS NOT NULL GROUP BY name, level),"
        f" kept AS (SELECT name, level FROM places WHERE place <= {most})"
        " SELECT counted.hour, counted.version, counted.name, kept.level,"
        " counted.level IS NOT NULL AND kept.level IS NULL AS is_tail,"
        " CAST(sum(counted.n) AS BIGINT) AS n FROM counted"
        " LEFT JOIN kept ON counted.name = kept.name AND counted.level = kept.level"
        " GROUP BY counted.hour, counted.version, counted.name, kept.level,"
        " counted.level IS NOT NULL AND kept.level IS NULL"
    )
