"""Models: what is watched, under which name, with which schema."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.core import LABEL_PRECEDENCE, CustomMetric, Schema
from analytics.errors import NameUnknown, UsageError
from analytics.sources.schema import schema_from_json, schema_to_json
from app.state.database import Database, Write

metadata = sa.MetaData()
model_table = sa.Table(
    "model",
    metadata,
    sa.Column("name", sa.String(63), primary_key=True),
    sa.Column("title", sa.Text, nullable=False, default=""),
    sa.Column("description", sa.Text, nullable=False, default=""),
    sa.Column("schema", sa.Text, nullable=False),
    sa.Column("source_names", sa.Text, nullable=False, default="{}"),
    sa.Column("display", sa.Text, nullable=False, default="{}"),
    sa.Column("label_precedence", sa.Text, nullable=False),
    sa.Column("is_sample", sa.Boolean, nullable=False, default=False),
    sa.Column("notes", sa.Text, nullable=False, default="[]"),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("updated_at", sa.DateTime, nullable=False),
)
import_table = sa.Table(
    "log_import",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("model", sa.String(63), nullable=False, index=True),
    sa.Column("log", sa.String(20), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("started_at", sa.DateTime, nullable=False),
    sa.Column("finished_at", sa.DateTime, nullable=False),
    sa.Column("is_attached", sa.Boolean, nullable=False, default=False),
    sa.Column("files", sa.Text, nullable=False),
    sa.Column("n_taken", sa.BigInteger, nullable=False),
    sa.Column("n_aside", sa.BigInteger, nullable=False),
    sa.Column("aside", sa.Text, nullable=False),
    sa.Column("report", sa.Text, nullable=False),
)
part_table = sa.Table(
    "part",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("import_id", sa.ForeignKey("log_import.id"), nullable=False),
    sa.Column("model", sa.String(63), nullable=False, index=True),
    sa.Column("log", sa.String(20), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("date", sa.String(10), nullable=False),
    sa.Column("n_rows", sa.BigInteger, nullable=False),
    sa.Column("n_bytes", sa.BigInteger, nullable=False),
    sa.Column("fingerprint", sa.String(80), nullable=False),
    sa.Column("start", sa.DateTime),
    sa.Column("end", sa.DateTime),
    sa.Column("first_row", sa.BigInteger, nullable=False),
    sa.Column("last_row", sa.BigInteger, nullable=False),
    sa.Column("columns", sa.Text, nullable=False),
    sa.Column("column_types", sa.Text, nullable=False),
    sa.Column("mapping", sa.Text),
)

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")


@dataclass(frozen=True, slots=True)
class Model:
    """One row of the table.

    ``source_names`` maps a column as files call it to (role, class), so that the next file of the
    same kind is read like the last. ``display`` holds settings of the screen.
    """

    name: str
    title: str
    description: str
    schema: Schema
    source_names: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    display: Mapping[str, Any] = field(default_factory=dict)
    label_precedence: tuple[str, ...] = LABEL_PRECEDENCE
    is_sample: bool = False
    notes: tuple[str, ...] = ()


def check_name(name: str) -> str:
    """The name itself; UsageError where it cannot be a model's name."""
    if not NAME.match(name):
        raise UsageError(
            f"{name!r} cannot be the name of a model.",
            "A name is 1 to 63 letters, digits, dots, dashes or underscores, and starts with a"
            " letter or a digit: it is also a folder's name.",
            "Choose another --model, such as car_loan.",
        )
    return name


def find_model(connection: Connection, name: str) -> Model | None:
    """The model of that name in an open transaction, None where there is none."""
    row = connection.execute(sa.select(model_table).where(model_table.c.name == name)).first()
    return None if row is None else _model(row)


def get_model(database: Database, name: str) -> Model:
    """The model of that name; NameUnknown names those there are."""
    with database.read() as connection:
        found = find_model(connection, name)
    if found is None:
        names = [model.name for model in list_models(database)]
        raise NameUnknown(
            f"There is no model {name!r}.",
            f"The models are: {', '.join(names)}." if names else "Nothing has been imported yet.",
            f"Import its log with `telltale import PATH --model {name}`.",
        )
    return found


def list_models(database: Database) -> list[Model]:
    """All models in the order in which they came."""
    order = (model_table.c.created_at, model_table.c.name)

    def read(connection: Connection) -> tuple[Model, ...]:
        rows = connection.execute(sa.select(model_table).order_by(*order))
        return tuple(_model(row) for row in rows)

    return list(database.held("models", read))


def save_schema(
    write: Write,
    name: str,
    schema: Schema,
    source_names: Mapping[str, tuple[str, str | None]],
    *,
    is_sample: bool = False,
) -> None:
    """Create the model, or give it its new schema; part of an import's transaction."""
    now = write.database.clock()
    values: dict[str, Any] = {
        "schema": json.dumps(schema_to_json(schema)),
        "source_names": json.dumps(source_names),
        "updated_at": now,
    }
    if find_model(write.connection, name) is not None:
        write.execute(model_table.update().where(model_table.c.name == name).values(**values))
        return
    values |= {"name": check_name(name), "title": "", "description": "", "display": "{}"}
    values |= {"label_precedence": json.dumps(LABEL_PRECEDENCE), "is_sample": is_sample}
    values |= {"notes": "[]", "created_at": now}
    write.execute(model_table.insert().values(**values))
    write.audit("create", "model", name, is_sample=is_sample)


def change_model(
    write: Write,
    name: str,
    *,
    title: str | None = None,
    description: str | None = None,
    label_precedence: Sequence[str] | None = None,
    notes: Sequence[str] | None = None,
) -> None:
    """Change what people say about a model; what is None stays. NameUnknown where there is none."""
    if find_model(write.connection, name) is None:
        raise NameUnknown(f"There is no model {name!r}.", "", "List them with `telltale models`.")
    values: dict[str, Any] = {"title": title, "description": description}
    values["notes"] = None if notes is None else json.dumps(list(notes))
    if label_precedence is not None:
        unknown = set(label_precedence) ^ set(LABEL_PRECEDENCE)
        if unknown:
            raise UsageError(
                f"The precedence of labels must name each source once: {', '.join(unknown)}.",
                "A label of a source that is not listed could never win.",
                f"Order these: {', '.join(LABEL_PRECEDENCE)}.",
            )
        values["label_precedence"] = json.dumps(list(label_precedence))
    changed = {key: value for key, value in values.items() if value is not None}
    if changed:
        changed["updated_at"] = write.database.clock()
        write.execute(model_table.update().where(model_table.c.name == name).values(**changed))
        named = {key: value for key, value in changed.items() if key != "updated_at"}
        write.audit("change", "model", name, **named)


def mark_sensitive(write: Write, name: str, columns: Sequence[str]) -> None:
    """Make exactly these features sensitive; NameUnknown where the model or a column is not there."""
    found = find_model(write.connection, name)
    if found is None:
        raise NameUnknown(f"There is no model {name!r}.", "", "List them with `telltale models`.")
    features = [column.name for column in found.schema.features]
    for column in columns:
        if column not in features:
            raise NameUnknown(
                f"There is no feature {column!r} in this model's log.",
                "Sensitive are features and segments; ids, times, predictions and labels stay"
                " visible to whoever may see the model.",
                f"The features are: {', '.join(features)}.",
            )
    marked = tuple(replace(c, is_sensitive=c.name in columns) for c in found.schema.columns)
    schema = replace(found.schema, columns=marked)
    if schema == found.schema:
        return
    values = {"schema": json.dumps(schema_to_json(schema)), "updated_at": write.database.clock()}
    write.execute(model_table.update().where(model_table.c.name == name).values(**values))
    write.audit("change", "model", name, sensitive=sorted(columns))


def set_values(write: Write, name: str, values: Sequence[tuple[str, str, float]]) -> None:
    """What predictions are worth by (true class, predicted class); replaces all there were."""
    found = find_model(write.connection, name)
    if found is None:
        raise NameUnknown(f"There is no model {name!r}.", "", "List them with `telltale models`.")
    classes = found.schema.classes
    for truth, said, worth in values:
        unknown = next((c for c in (truth, said) if c not in classes), None)
        if unknown is not None:
            raise NameUnknown(
                f"There is no class {unknown!r} in this model.",
                "A value belongs to a true and a predicted class.",
                f"The classes are: {', '.join(classes)}." if classes else "It has no classes.",
            )
        if not math.isfinite(worth):
            raise UsageError(f"{worth} is no value.", "A mean cannot hold it.", "Give a number.")
    schema = replace(found.schema, values=tuple(values))
    if schema == found.schema:
        return
    stored = {"schema": json.dumps(schema_to_json(schema)), "updated_at": write.database.clock()}
    write.execute(model_table.update().where(model_table.c.name == name).values(**stored))
    write.audit("change", "model", name, values=[list(row) for row in values])


def save_custom(write: Write, name: str, metric: CustomMetric) -> None:
    """Add a metric of the model's own, or replace the one of that name."""
    schema = _schema_of(write, name)
    kept = tuple(m for m in schema.custom if m.name != metric.name)
    _store_custom(
        write, name, schema, (*kept, metric), saved=metric.name, expression=metric.expression
    )


def drop_custom(write: Write, name: str, metric: str) -> None:
    """Take a metric of the model's own away; NameUnknown where it has none of that name."""
    schema = _schema_of(write, name)
    kept = tuple(m for m in schema.custom if m.name != metric)
    if len(kept) == len(schema.custom):
        known = ", ".join(m.name for m in schema.custom) or "none"
        raise NameUnknown(
            f"There is no metric {metric!r} of the model's own.", "", f"There are: {known}."
        )
    _store_custom(write, name, schema, kept, dropped=metric)


def _schema_of(write: Write, name: str) -> Schema:
    found = find_model(write.connection, name)
    if found is None:
        raise NameUnknown(f"There is no model {name!r}.", "", "List them with `telltale models`.")
    return found.schema


def _store_custom(
    write: Write, name: str, schema: Schema, custom: tuple[CustomMetric, ...], **said: str
) -> None:
    changed = replace(schema, custom=custom)
    stored = {"schema": json.dumps(schema_to_json(changed)), "updated_at": write.database.clock()}
    write.execute(model_table.update().where(model_table.c.name == name).values(**stored))
    write.audit("change", "model", name, custom_metric=said)


def _model(row: Any) -> Model:
    names = {key: (role, name) for key, (role, name) in json.loads(row.source_names).items()}
    return Model(
        name=row.name,
        title=row.title,
        description=row.description,
        schema=schema_from_json(json.loads(row.schema)),
        source_names=names,
        display=json.loads(row.display),
        label_precedence=tuple(json.loads(row.label_precedence)),
        is_sample=bool(row.is_sample),
        notes=tuple(json.loads(row.notes)),
    )
