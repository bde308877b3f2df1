"""From a role and a profile to how a column is converted, and what can be computed from all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from analytics.core import Column, ColumnType, Kind, Task
from analytics.sources.names import SECONDS, normal_name
from analytics.sources.profile import Profile
from app.ingest.words import PlanColumn

NUMBERS = ("score", "latency_ms", "sampling_p", "quantile")
NESTED = ("STRUCT", "MAP", "UNION")
VECTORS = ("DOUBLE[]", "FLOAT[]")
VECTOR = re.compile(r"(?:DOUBLE|FLOAT)\[\d+\]")
TIMES = ("timestamp", "label_time", "received_at")


def conversion_of(profile: Profile, role: str, task: Task, zone: str) -> tuple[ColumnType, str]:
    """The type that decides a column's tests, and the conversion to its canonical form."""
    if role in TIMES:
        return "time", _time(profile, zone)
    if role in ("prediction", "label"):
        return ("numeric", "double") if task == "regression" else ("categorical", "class")
    if role == "latency_ms" and normal_name(profile.name) in SECONDS:
        return "numeric", "seconds"
    if role in NUMBERS:
        return "numeric", "double"
    if role not in ("feature", "segment"):
        return "categorical", "text"
    kind = profile.type
    if kind == "boolean":
        return kind, "truth"
    if kind == "numeric":
        return kind, "double"
    if profile.sql_type in VECTORS or VECTOR.fullmatch(profile.sql_type):
        return "embedding", "json"
    is_nested = profile.sql_type.endswith("]") or profile.sql_type.startswith(NESTED)
    return kind, "json" if is_nested else "text"


def as_before(column: PlanColumn, profile: Profile, known: Sequence[Column]) -> list[PlanColumn]:
    """A feature of the type it had in earlier imports.

    Where it held numbers and most values are none now, it comes with a second column that keeps
    every value as text.
    """
    if column.role not in ("feature", "segment"):
        return [column]
    column = replace(column, file_type=profile.type if profile.n_values else None)
    name = column.stored.lower()
    before = next((c.type for c in known if c.name.lower() == name), column.type)
    if before == column.type:
        return [column]
    simple = {"numeric": "double", "boolean": "truth"}
    as_text = column.conversion if column.conversion == "json" else "text"
    changed = replace(column, type=before, conversion=simple.get(before, as_text))
    if not changed.is_changed:
        return [changed]
    return [changed, replace(column, stored=f"{column.stored} (text)", is_beside=True)]


def changed_problem(column: PlanColumn, beside: PlanColumn) -> str:
    """What is said of such a pair."""
    return (
        f"{column.name} held numbers in earlier imports and is {beside.type} here: what is no"
        f" number is missing in it, and every value is kept as text in {beside.stored!r}."
    )


def _time(profile: Profile, zone: str) -> str:
    if profile.epoch is not None:
        return profile.epoch
    if profile.base_type == "TIMESTAMP WITH TIME ZONE":
        return "instant"
    return "utc" if zone == "UTC" else f"zone:{zone}"


def abilities(
    columns: Sequence[PlanColumn], kind: Kind, task: Task
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What can be computed from a log with these columns, and what is missing for the rest."""
    roles = {column.role for column in columns}
    if kind != "predictions":
        return ("labels, joined to predictions by id",) if kind == "labels" else (kind,), ()
    can = ["drift and data quality of features"] if roles & {"feature", "segment"} else []
    lacks = []
    if task == "none":
        lacks.append("no prediction or score: drift and data quality only, no performance")
    elif "label" in roles:
        can.append("performance")
    else:
        lacks.append(
            "no label in this file: import labels of the same ids any time to see performance"
        )
    if task == "binary" and "score" not in roles:
        lacks.append("no score: no ROC AUC, log loss, Brier score or calibration")
    if "timestamp" not in roles:
        lacks.append("no timestamp: rows stand in file order, and periods are cut by rows")
    if "prediction_id" not in roles:
        lacks.append(
            "no id: ids are made from the file, and labels of another file cannot be joined"
        )
    if "label" in roles and "label_time" not in roles:
        lacks.append("no label time: labels count as known with their prediction")
    return tuple(can), tuple(lacks)
