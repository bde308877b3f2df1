"""Marking columns sensitive: rights, audit, and that the mark stays."""

from __future__ import annotations

import pytest

from analytics.core import Column, Schema
from analytics.errors import AccessDenied, NameUnknown
from analytics.sources.schema import merge_schema, schema_from_json, schema_to_json
from app.auth.viewer import Viewer, operator
from app.sensitive import set_sensitive
from app.state.audit import list_entries
from app.state.database import Database
from app.state.grants import Grant
from app.state.models import get_model, save_schema

SCHEMA = Schema(
    "binary",
    (
        Column("id", "prediction_id", "categorical"),
        Column("age", "feature", "numeric"),
        Column("diagnosis", "feature", "categorical"),
    ),
    ("0", "1"),
    "1",
)


@pytest.fixture
def model(database: Database) -> Database:
    with database.write("ann") as write:
        save_schema(write, "m", SCHEMA, {})
    return database


def sensitive(database: Database) -> list[str]:
    return [c.name for c in get_model(database, "m").schema.columns if c.is_sensitive]


def test_marks_replace_each_other_and_are_audited(model: Database) -> None:
    set_sensitive(model, operator("ann"), "m", ["diagnosis"])
    assert sensitive(model) == ["diagnosis"]
    set_sensitive(model, operator("ann"), "m", ["age"])
    set_sensitive(model, operator("ann"), "m", ["age"])  # no change, no row
    assert sensitive(model) == ["age"]
    rows = list_entries(model, 10, object_type="model")
    said = [row.change["sensitive"] for row in rows if row.change and "sensitive" in row.change]
    assert said == [["age"], ["diagnosis"]]
    set_sensitive(model, operator("ann"), "m", [])
    assert sensitive(model) == []


@pytest.mark.parametrize("role", ["viewer", "annotator", "product_owner"])
def test_who_may_not_see_it_may_not_open_it(model: Database, role: str) -> None:
    set_sensitive(model, operator("ann"), "m", ["diagnosis"])
    with pytest.raises(AccessDenied):
        set_sensitive(model, Viewer("bob", "Bob", role, (Grant(role, "m"),)), "m", [])
    other = Viewer("eve", "Eve", "data_scientist", (Grant("data_scientist", "other"),))
    with pytest.raises(AccessDenied):
        set_sensitive(model, other, "m", [])
    assert sensitive(model) == ["diagnosis"]


@pytest.mark.parametrize("name", ["id", "nope", ""])
def test_only_features_can_be_sensitive(model: Database, name: str) -> None:
    with pytest.raises(NameUnknown, match="no feature"):
        set_sensitive(model, operator("ann"), "m", ["age", name])
    assert sensitive(model) == []
    with pytest.raises(NameUnknown, match="no model"):
        set_sensitive(model, operator("ann"), "other", [])


def test_the_mark_survives_the_next_import(model: Database) -> None:
    set_sensitive(model, operator("ann"), "m", ["diagnosis"])
    with model.write("ann") as write:
        kept = get_model(model, "m").schema
        save_schema(write, "m", merge_schema(kept, SCHEMA), {})
    assert sensitive(model) == ["diagnosis"]


def test_a_schema_written_before_marks_existed_is_read() -> None:
    old = schema_to_json(SCHEMA)
    for column in old["columns"]:
        del column["is_sensitive"]
    assert schema_from_json(old) == SCHEMA
