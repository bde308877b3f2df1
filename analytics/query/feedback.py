"""What users said, from the feedback log: counted by period, version or value, and linked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from analytics.core import Dataset, Log, Scope, Window
from analytics.query.engine import Engine
from analytics.query.explore import shown_columns
from analytics.query.frame import Frame, frame, period_sql
from analytics.sources.relation import quote_name, relation

_FIELDS = {
    "prediction_id": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "score": "DOUBLE",
    "correction": "VARCHAR",
    "counted": "VARCHAR",
}


@dataclass(frozen=True, slots=True)
class Said:
    """How many items of one period and group gave this score, with or without a correction."""

    period: int | None
    group: str | None
    score: float | None
    has_correction: bool
    n: int


def count_said(engine: Engine, dataset: Dataset, scope: Scope, by: str | None = None) -> list[Said]:
    """Items of the scope by period and group; an item's latest row counts, spam and repeats do not.

    The window is that of the feedback. ``by`` is "version" or a column of the predictions log. A
    version, a segment and a group are those of the prediction that the item is about.
    """
    log = dataset.log("feedback", scope.log)
    if not log.parts:
        return []
    values: dict[str, Any] = {}
    where = " AND ".join(["counted", *_moments(scope, values)])
    said = f"SELECT * FROM ({_latest(log)}) WHERE {where}"
    group, source, head = "NULL", f"({said}) said", ""
    if by is not None or scope.version is not None or scope.segment is not None:
        rows = _predictions(dataset, scope, by)
        if rows is None:
            return []
        values |= rows.values
        head = f"{rows.sql}\n"
        source += " JOIN rows ON rows.prediction_id = said.prediction_id"
        column = "model_version" if by == "version" else by
        group = f"CAST(rows.{quote_name(column)} AS VARCHAR)" if column else "NULL"
    period = period_sql(scope).replace("timestamp", "said.timestamp") if scope.every else "NULL"
    sql = (
        f"{head}SELECT {period} AS period, {group} AS item_group, said.score,"
        " said.correction IS NOT NULL AS has_correction, count(*)"
        f" FROM {source} GROUP BY ALL ORDER BY ALL"
    )
    return [Said(*row) for row in engine.rows(sql, values)]


def span_of_feedback(engine: Engine, dataset: Dataset) -> tuple[datetime, datetime] | None:
    """When the first and the last item were said; None where nothing was."""
    log = dataset.log("feedback")
    if not log.parts:
        return None
    first, last = engine.rows(f"SELECT min(timestamp), max(timestamp) FROM ({_latest(log)})")[0]
    return None if first is None else (first, last)


def find_versions(engine: Engine, dataset: Dataset, ids: Sequence[str]) -> dict[str, str | None]:
    """The versions of those of the predictions that the log has; what is not there is left out."""
    log = dataset.log("predictions")
    if not log.parts or not ids:
        return {}
    version = "any_value(model_version)" if "model_version" in log.columns else "NULL"
    sql = (
        f"SELECT prediction_id, {version} FROM {relation(log)}"
        " WHERE prediction_id IN (SELECT unnest($ids)) GROUP BY prediction_id"
    )
    return {str(row[0]): row[1] for row in engine.rows(sql, {"ids": list(ids)})}


def find_row(engine: Engine, dataset: Dataset, prediction_id: str) -> dict[str, Any] | None:
    """A prediction's row with its settled label, None where the log has none of that id."""
    columns = shown_columns(dataset)
    rows = frame(dataset, Scope(), columns, with_labels=True)
    if rows is None:
        return None
    names = (*columns, "label")
    picks = ", ".join(map(quote_name, names))
    found = engine.rows(
        rows.select(f"SELECT {picks} FROM rows WHERE prediction_id = $id LIMIT 1"),
        {**rows.values, "id": prediction_id},
    )
    return dict(zip(names, found[0], strict=True)) if found else None


def _predictions(dataset: Dataset, scope: Scope, by: str | None) -> Frame | None:
    columns = [] if by in (None, "version") else [str(by)]
    return frame(dataset, replace(scope, window=Window(), as_of=None, every=None), columns)


def _latest(log: Log) -> str:
    """One row an item: the last that was written of it."""
    picks = ", ".join(
        f"'{name}': {name if name in log.columns else f'CAST(NULL AS {kind})'}"
        for name, kind in _FIELDS.items()
    )
    moments = [name for name in ("modified_at", "received_at") if name in log.columns]
    order = ", ".join(f"coalesce({m}, TIMESTAMP '0001-01-01')" for m in moments)
    key = "feedback_id" if "feedback_id" in log.columns else "prediction_id"
    newest = f"arg_max({{{picks}}}, ({order}{', ' if order else ''}row))"
    return (
        "SELECT best.prediction_id, best.timestamp, best.score, best.correction,"
        " coalesce(best.counted, 'yes') <> 'no' AS counted"
        f" FROM (SELECT {newest} AS best FROM {relation(log)} GROUP BY {key})"
    )


def _moments(scope: Scope, values: dict[str, Any]) -> list[str]:
    """The window and the moment of asking, of what was said; an item has one moment for good."""
    window = scope.window
    bounds = ((">=", window.start, "said_from"), ("<", window.end, "said_until"))
    conditions = []
    for sign, moment, name in (*bounds, ("<=", scope.as_of, "said_as_of")):
        if moment is not None:
            values[name] = moment
            conditions.append(f"timestamp {sign} ${name}")
    return conditions
