"""Models and the manifest, on both databases: what an import commits is what the next reader gets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from analytics.core import LABEL_PRECEDENCE, Column, Schema
from analytics.errors import NameUnknown, UsageError
from app.state.audit import list_entries
from app.state.database import Database
from app.state.logs import (
    ImportRow,
    PartRow,
    add_import,
    home_of,
    last_imports,
    list_imports,
    list_predicting,
    load_dataset,
)
from app.state.models import change_model, get_model, list_models, save_schema

SCHEMA = Schema(
    task="binary",
    columns=(Column("alter", "feature", "numeric"), Column("größe", "feature", "text")),
    classes=("0", "1"),
    positive="1",
    threshold=0.25,
)
WHEN = datetime(2024, 3, 1, 10)


def create(database: Database, name: str = "m") -> None:
    with database.write("ada") as write:
        save_schema(write, name, SCHEMA, {"Größe": ("feature", None)})


def part(n: int = 3) -> PartRow:
    return PartRow(
        log="production",
        kind="predictions",
        path=f"logs/m/{n}.parquet",
        date="2024-03-01",
        n_rows=n,
        n_bytes=5_000_000_000,
        fingerprint=f"f{n}",
        start=WHEN,
        end=WHEN,
        first_row=0,
        last_row=n - 1,
        columns=("prediction_id", "größe"),
        column_types={"größe": "text"},
    )


def imported(number: int, n: int) -> ImportRow:
    when = WHEN.replace(minute=number)
    files = ("/data/ä.csv",)
    aside = {"no time": 2}
    return ImportRow(
        f"i{number}", "m", "production", "predictions", "ada", when, when, files, n, aside, {"a": 1}
    )


def test_a_model_comes_back_as_it_was_saved(
    database: Database, connect: Callable[[], Database]
) -> None:
    create(database)
    found = get_model(connect(), "m")
    assert found.schema == SCHEMA
    assert found.source_names == {"Größe": ("feature", None)}
    assert found.label_precedence == LABEL_PRECEDENCE
    assert [model.name for model in list_models(database)] == ["m"]
    with pytest.raises(NameUnknown, match="The models are: m"):
        get_model(database, "n")


@pytest.mark.parametrize("name", ["", "../m", ".m", "a b", "x" * 64, "m/n", "ä"])
def test_names_that_no_folder_should_have(database: Database, name: str) -> None:
    with pytest.raises(UsageError), database.write("ada") as write:
        save_schema(write, name, SCHEMA, {})
    assert list_models(database) == []


def test_what_people_say_about_a_model(database: Database) -> None:
    create(database)
    order = tuple(reversed(LABEL_PRECEDENCE))
    with database.write("ada") as write:
        change_model(write, "m", title="Späte Flüge", label_precedence=order, notes=["n1"])
    found = get_model(database, "m")
    assert (found.title, found.label_precedence, found.notes) == ("Späte Flüge", order, ("n1",))
    with pytest.raises(UsageError, match="each source once"), database.write("ada") as write:
        change_model(write, "m", label_precedence=["outcome"])
    with pytest.raises(NameUnknown), database.write("ada") as write:
        change_model(write, "none", title="x")


def test_an_import_and_its_parts_count_together(database: Database, tmp_path: Path) -> None:
    create(database)
    with database.write("ada") as write:
        add_import(write, imported(1, 3), [part(3)])
    with database.write("ada") as write:
        add_import(write, imported(2, 4), [part(4)])
    dataset = load_dataset(database, "m", tmp_path)
    log = dataset.log("predictions")
    assert log.n_rows == 7
    assert log.columns == ("prediction_id", "größe", "date")
    assert [p.n_bytes for p in log.parts] == [5_000_000_000] * 2
    assert [dict(p.file_types) for p in log.parts] == [{"größe": "text"}] * 2
    assert [row.id for row in list_imports(database, "m")] == ["i2", "i1"]
    assert list_imports(database, "m")[1] == imported(1, 3)
    assert last_imports(database) == {"m": "i2"}
    assert list_predicting(database) == {"m"}


def test_a_failed_transaction_leaves_neither_parts_nor_audit(
    database: Database, tmp_path: Path
) -> None:
    create(database)
    before = load_dataset(database, "m", tmp_path).fingerprint
    n_audit = len(list_entries(database))
    with pytest.raises(RuntimeError), database.write("ada") as write:
        add_import(write, imported(1, 3), [part()])
        raise RuntimeError("the disk is full")
    assert load_dataset(database, "m", tmp_path).fingerprint == before
    assert list_imports(database) == []
    assert last_imports(database) == {} and list_predicting(database) == set()
    assert len(list_entries(database)) == n_audit


def test_the_fingerprint_follows_parts_schema_and_precedence(
    database: Database, tmp_path: Path
) -> None:
    create(database)
    seen = {load_dataset(database, "m", tmp_path).fingerprint}
    with database.write("ada") as write:
        add_import(write, imported(1, 3), [part()])
    seen.add(load_dataset(database, "m", tmp_path).fingerprint)
    with database.write("ada") as write:
        change_model(write, "m", label_precedence=tuple(reversed(LABEL_PRECEDENCE)))
    seen.add(load_dataset(database, "m", tmp_path).fingerprint)
    with database.write("ada") as write:
        change_model(write, "m", title="Only words")
    seen.add(load_dataset(database, "m", tmp_path).fingerprint)
    assert len(seen) == 3


def test_the_logs_of_a_home_are_found_wherever_its_state_lies(
    blank_url: str, tmp_path: Path
) -> None:
    database = Database(blank_url, home=tmp_path)
    assert home_of(database) == tmp_path
    database.close()
