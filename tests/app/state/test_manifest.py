"""The manifest that a process holds is read anew after every write, and only then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from analytics.core import Column, Schema
from app.state.database import Database
from app.state.logs import ImportRow, PartRow, add_import, add_parts, load_dataset, remove_parts
from app.state.manifest import Manifest
from app.state.models import change_model, save_schema

WHEN = datetime(2024, 3, 1, 10)
PART = PartRow(
    "production", "predictions", "logs/m/1.parquet", "2024-03-01", 3, 10, "f1", WHEN, WHEN, 0, 2, ("a",)
)  # fmt: skip


def fill(database: Database, part: PartRow = PART) -> None:
    schema = Schema("none", (Column("a", "feature", "numeric"),))
    row = ImportRow("i1", "m", "production", "predictions", "ada", WHEN, WHEN, (), part.n_rows)
    with database.write("ada") as write:
        save_schema(write, "m", schema, {})
        add_import(write, row, [part])


def test_it_is_read_once_while_nothing_is_written(database: Database) -> None:
    fill(database)
    manifest = Manifest(database)
    first = manifest.dataset("m")
    assert manifest.dataset("m") is first and manifest.n_read == 1
    assert first == load_dataset(database, "m")


def test_a_write_of_another_process_is_seen(
    database: Database, connect: Callable[[], Database]
) -> None:
    fill(database)
    manifest = Manifest(database)
    before = manifest.dataset("m")
    with connect().write("ada") as write:
        change_model(write, "m", notes=["simulated: all of it"])
    assert manifest.dataset("m").notes == ("simulated: all of it",)
    assert before.notes == ()


def test_a_part_in_the_place_of_another_is_seen(database: Database) -> None:
    fill(database)
    manifest = Manifest(database)
    before = manifest.dataset("m")
    with database.write("ada") as write:  # the new row may get the number of the one that went
        remove_parts(write, [PART.path])
        add_parts(write, "i1", "m", [replace(PART, fingerprint="f2")])
        write.audit("erase user", "model", "m")
    assert manifest.dataset("m").fingerprint != before.fingerprint


def test_attached_files_are_looked_at_each_time(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "there.parquet"
    attached = replace(PART, path=str(file), mapping=(("a", "a", "keep"),))
    fill(database, attached)
    manifest = Manifest(database)
    assert manifest.attached() == (str(tmp_path),)
    assert manifest.dataset("m").notes and manifest.dataset("m").notes
    assert manifest.n_read == 2
