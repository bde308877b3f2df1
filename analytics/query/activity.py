"""Who was there and when: active people, hours of the week, sessions' moments, weeks of return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.core import Dataset, Scope, Window
from analytics.query.acts import column_sql, has_events, window_conditions
from analytics.query.engine import Engine
from analytics.query.frame import frame
from analytics.query.groups import Key
from analytics.sources.relation import quote_name, quote_text, relation


@dataclass(frozen=True, slots=True)
class Extent:
    """What the events of a window are: how many, of whom, from when to when, how many simulated."""

    n: int
    n_users: int
    n_simulated: int
    n_unlinked: int  # name a prediction that the log does not have (yet)
    n_late: int  # arrived more than a minute after they happened
    first: datetime | None
    last: datetime | None


def extent(engine: Engine, dataset: Dataset, scope: Scope) -> Extent | None:
    """The events of the window; None without an events log."""
    found = _events(dataset, scope, ("received_at", "source"))
    if found is None:
        return None
    source, values = found
    predictions = dataset.log("predictions", scope.log)
    unlinked = "false"
    if predictions.parts:
        known = f"SELECT prediction_id FROM {relation(predictions)}"
        unlinked = f"prediction_id IS NOT NULL AND prediction_id NOT IN ({known})"
    late = "TRY_CAST(received_at AS TIMESTAMP) > timestamp + INTERVAL 1 MINUTE"
    once = (
        "SELECT any_value(user_id) AS user_id, any_value(prediction_id) AS prediction_id,"
        f" bool_or(source = 'simulated') AS is_simulated, bool_and({late}) AS is_late,"
        f" min(timestamp) AS timestamp FROM {source} GROUP BY uuid"
    )
    n, users, simulated, n_unlinked, n_late, first, last = engine.rows(
        "SELECT count(*), count(DISTINCT user_id), count(*) FILTER (is_simulated),"
        f" count(*) FILTER ({unlinked}), count(*) FILTER (is_late), min(timestamp), max(timestamp)"
        f" FROM ({once})",
        values,
    )[0]
    return Extent(int(n), int(users), int(simulated), int(n_unlinked), int(n_late), first, last)


def _events(
    dataset: Dataset, scope: Scope, more: Sequence[str] = (), *, is_linked: bool = False
) -> tuple[str, dict[str, Any]] | None:
    """The events of a window as a relation; only those about the scope's predictions if linked."""
    if not has_events(dataset, scope):
        return None
    log = dataset.log("events", scope.log)
    values: dict[str, Any] = {}
    conditions = window_conditions(scope, "timestamp", values)
    if scope.as_of is not None:
        values["as_of"] = scope.as_of
        conditions.append("timestamp <= $as_of")
    names = ("uuid", "event", "timestamp", "user_id", "prediction_id", "model_version", *more)
    picks = ", ".join(f"{column_sql(name, log.columns)} AS {name}" for name in names)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    source = f"(SELECT {picks} FROM {relation(log)}{where})"
    if is_linked or scope.version is not None or scope.segment is not None:
        chosen = Scope(scope.log, Window(), scope.version, scope.segment, scope.as_of)
        rows = frame(dataset, chosen)
        if rows is None:
            return f"(SELECT * FROM {source} WHERE false)", values
        values = {**rows.values, **values}
        source = (
            f"(SELECT e.* REPLACE (coalesce(r.model_version, e.model_version) AS model_version)"
            f" FROM {source} e JOIN ({rows.sql} SELECT * FROM rows) r USING (prediction_id))"
        )
    return source, values


def active_users(engine: Engine, dataset: Dataset, scope: Scope) -> dict[Key, tuple[int, int]]:
    """(people, events) of every period and version: whoever sent any event in it."""
    found = _events(dataset, scope, is_linked=scope.by_version)
    if found is None:
        return {}
    source, values = found
    period = "CAST(NULL AS BIGINT)"
    if scope.every is not None:
        period = f"epoch_us(date_trunc({quote_text(str(scope.every))}, timestamp))"
    version = "model_version" if scope.by_version else "CAST(NULL AS VARCHAR)"
    rows = engine.rows(
        f"SELECT {period} AS p, {version} AS v, count(DISTINCT user_id), count(DISTINCT uuid)"
        f" FROM {source} GROUP BY 1, 2",
        values,
    )
    return {(p, v): (int(users), int(n)) for p, v, users, n in rows}


def hours(
    engine: Engine, dataset: Dataset, scope: Scope, zone: str
) -> dict[tuple[int, int], tuple[int, int]]:
    """(events, people) by (weekday from 0 for Monday, hour) in a time zone."""
    found = _events(dataset, scope)
    if found is None:
        return {}
    source, values = found
    local = "timezone($zone, timezone('UTC', timestamp))"
    rows = engine.rows(
        f"SELECT isodow(there) - 1, hour(there), count(DISTINCT uuid), count(DISTINCT user_id)"
        f" FROM (SELECT uuid, user_id, {local} AS there FROM {source}) GROUP BY 1, 2",
        {**values, "zone": zone},
    )
    return {(int(day), int(hour)): (int(n), int(users)) for day, hour, n, users in rows}


def returns(engine: Engine, dataset: Dataset, scope: Scope) -> list[tuple[datetime, int, int]]:
    """(week in which people came first, weeks after it, how many were there), by cohort.

    Who came before the window is no newcomer of it: first weeks are those of the whole log.
    """
    source_of_all = _events(
        dataset,
        Scope(scope.log, Window(None, scope.window.end), scope.version, scope.segment, scope.as_of),
    )
    if source_of_all is None:
        return []
    source, values = source_of_all
    start = ""
    if scope.window.start is not None:
        values = {**values, "from_at": scope.window.start}
        start = " WHERE cohort >= date_trunc('week', CAST($from_at AS TIMESTAMP))"
    rows = engine.rows(
        "WITH weeks AS (SELECT DISTINCT user_id, date_trunc('week', timestamp) AS week"
        f" FROM {source} WHERE user_id IS NOT NULL),"
        " named AS (SELECT *, min(week) OVER (PARTITION BY user_id) AS cohort FROM weeks)"
        " SELECT cohort, date_diff('day', cohort, week) // 7, count(*) FROM named"
        f"{start} GROUP BY 1, 2 ORDER BY 1, 2",
        values,
    )
    return [(cohort, int(later), int(n)) for cohort, later, n in rows]


@dataclass(frozen=True, slots=True)
class Stamps:
    """Moments in seconds of everybody's events, sorted by person and moment."""

    person: npt.NDArray[np.int64]
    at_s: npt.NDArray[np.float64]


def stamps(engine: Engine, dataset: Dataset, scope: Scope) -> Stamps | None:
    """The moments from which sessions are made."""
    found = _events(dataset, scope)
    if found is None:
        return None
    source, values = found
    arrays = engine.arrays(
        "SELECT dense_rank() OVER (ORDER BY user_id) AS person, epoch_us(timestamp) / 1e6 AS at_s"
        f" FROM {source} WHERE user_id IS NOT NULL ORDER BY 1, 2",
        values,
    )
    return Stamps(np.asarray(arrays["person"]), np.asarray(arrays["at_s"], dtype=float))


def level_counts(engine: Engine, dataset: Dataset, columns: Sequence[str]) -> dict[str, int]:
    """About how many values each column of the predictions has."""
    log = dataset.log("predictions")
    known = [name for name in columns if name in log.columns]
    if not known or not log.parts:
        return {}
    picks = ", ".join(f"approx_count_distinct({quote_name(name)})" for name in known)
    return dict(
        zip(known, map(int, engine.rows(f"SELECT {picks} FROM {relation(log)}")[0]), strict=True)
    )
