"""One schema for all imports of a model: columns are added, and what is there keeps its meaning."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from analytics.core import Column, CustomMetric, Schema
from analytics.errors import UsageError


def merge_schema(old: Schema | None, new: Schema) -> Schema:
    """The schema of the model once ``new`` is imported beside ``old``.

    A column keeps the type and role it first had; classes and columns are added. UsageError where
    the tasks or the positive classes contradict each other.
    """
    if old is None:
        return new
    if "none" not in (old.task, new.task) and old.task != new.task:
        raise UsageError(
            f"The model's task is {old.task}, and this file looks like {new.task}.",
            "All imports of a model are of one task.",
            f"Add --task {old.task}, check --map, or import under another --model.",
        )
    if old.positive is not None and new.positive not in (None, old.positive):
        raise UsageError(
            f"The positive class of this model is {old.positive!r}, not {new.positive!r}.",
            "It was set by an earlier import.",
            f"Leave --positive out, or give --positive {old.positive}.",
        )
    names = {column.name.lower() for column in old.columns}
    added = tuple(column for column in new.columns if column.name.lower() not in names)
    return Schema(
        task=new.task if old.task == "none" else old.task,
        columns=old.columns + added,
        classes=tuple(sorted({*old.classes, *new.classes})),
        positive=old.positive if old.positive is not None else new.positive,
        threshold=old.threshold if old.threshold is not None else new.threshold,
        values=old.values or new.values,
        custom=old.custom or new.custom,
    )


def schema_to_json(schema: Schema) -> dict[str, Any]:
    """Plain values of a schema."""
    return {
        "task": schema.task,
        "classes": list(schema.classes),
        "positive": schema.positive,
        "threshold": schema.threshold,
        "values": [list(row) for row in schema.values],
        "custom": [
            asdict(metric) | {"tolerance": list(metric.tolerance)} for metric in schema.custom
        ],
        "columns": [
            {
                "name": c.name,
                "role": c.role,
                "type": c.type,
                "class_name": c.class_name,
                "is_sensitive": c.is_sensitive,
            }
            for c in schema.columns
        ],
    }


def schema_from_json(data: dict[str, Any]) -> Schema:
    """A schema from its plain values."""
    columns = tuple(Column(**column) for column in data.get("columns", ()))
    schema = Schema(task=data["task"], columns=columns, classes=tuple(data.get("classes", ())))
    values = tuple((str(a), str(b), float(v)) for a, b, v in data.get("values", ()))
    custom = tuple(
        CustomMetric(**row | {"tolerance": tuple(row["tolerance"])})
        for row in data.get("custom", ())
    )
    return replace(
        schema,
        positive=data.get("positive"),
        threshold=data.get("threshold"),
        values=values,
        custom=custom,
    )
