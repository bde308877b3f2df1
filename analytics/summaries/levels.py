"""Columns of levels counted by hour and by day, for every version: rows (name, level, n)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analytics.core import Dataset, Log, Part, Scope
from analytics.query.columns import Levels, level_counts
from analytics.query.frame import in_window, period_sql
from analytics.query.groups import Key
from analytics.sources.relation import quote_text, relation
from analytics.summaries.grid import only
from analytics.summaries.reading import has_version, scans, version_sql
from analytics.summaries.rest import sheets_sql
from analytics.summaries.sql import levels_sql
from analytics.summaries.store import Taken

if TYPE_CHECKING:
    from analytics.query.engine import Engine

KIND = "levels"
MOST = 1000  # levels of a column that a group of parts keeps apart


def level_columns(dataset: Dataset) -> list[str]:
    """The columns of levels that a log of predictions can hold, under their canonical names."""
    schema = dataset.schema
    names = [c.name for c in schema.features if c.type in ("categorical", "boolean")]
    if schema.task != "regression" and schema.has("prediction"):
        names.append("prediction")
    return names


def levels_table_sql(
    log: Log,
    names: Sequence[str],
    groups: Sequence[Sequence[Part]],
    grains: Sequence[Sequence[str]],
) -> str:
    """The rows of a sheet: each group's days, and hours where it has them."""
    selects = [
        "SELECT CAST(0 AS INTEGER) AS grp, '' AS grain, CAST(0 AS BIGINT) AS period, '' AS version,"
        " '' AS name, '' AS level, false AS is_tail, CAST(0 AS BIGINT) AS n WHERE false"
    ]
    for i, parts in enumerate(groups if names else ()):
        has_versions = "model_version" in log.columns
        long = levels_sql(relation(log, parts), list(names), MOST, has_version=has_versions)
        counted = [
            f"SELECT {i} AS grp, {quote_text(grain)} AS grain,"
            f" epoch_us(date_trunc({quote_text(grain)}, hour)) AS period, version, name, level,"
            " is_tail, CAST(sum(n) AS BIGINT) AS n FROM long GROUP BY ALL"
            for grain in grains[i]
        ]
        if counted:
            united = " UNION ALL ".join(counted)
            selects.append(f"SELECT * FROM (WITH long AS MATERIALIZED ({long}) {united})")
    return f"{' UNION ALL '.join(selects)} ORDER BY grain, name, period, version, level"


def counted_levels(
    engine: Engine, dataset: Dataset, scope: Scope, names: Sequence[str], taken: Taken
) -> dict[str, dict[Key, Levels]]:
    """Each column's rows by level as ``level_counts`` gives them; columns with a tail are left out."""
    log = dataset.log("predictions", scope.log)
    found: dict[str, dict[Key, Levels]] = {name: {} for name in names}
    with_tail = set()
    columns = "make_timestamp(period) AS timestamp, version, name, level, is_tail, n"
    selects = sheets_sql(taken, scope, columns)
    if selects and names:
        listed = ", ".join(map(quote_text, names))
        values = {"version": scope.version} if has_version(log, scope) else {}
        sql = (
            f"SELECT {period_sql(scope)} AS _period, {version_sql(log, scope)} AS _version, name,"
            f" level, is_tail, CAST(sum(n) AS BIGINT) FROM ({' UNION ALL '.join(selects)})"
            f" WHERE name IN ({listed}){' AND version = $version' if values else ''} GROUP BY ALL"
        )
        for period, version, name, level, is_tail, n in engine.rows(sql, values):
            if is_tail:
                with_tail.add(name)
            more = ({}, int(n)) if level is None else ({level: float(n)}, 0)
            _add(found[name], (period, version), more)
    for rest, window in scans(taken, scope):
        thinned = only(dataset, scope.log, rest.parts)
        for name, groups in level_counts(engine, thinned, in_window(scope, window), names).items():
            for key, counted in groups.items():
                _add(found[name], key, counted)
    return {name: groups for name, groups in found.items() if name not in with_tail}


def _add(groups: dict[Key, Levels], key: Key, more: Levels) -> None:
    levels, missing = groups.get(key, ({}, 0))
    for level, n in more[0].items():
        levels[level] = levels.get(level, 0.0) + n
    groups[key] = (levels, missing + more[1])
