"""Rows and tables of several shapes become one table, and a plan made once is the plan made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.core import Schema
from analytics.query.engine import Engine
from app.ingest.known import FOLDER
from app.ingest.plan import plan_import
from app.ingest.replan import Plans
from app.ingest.run import run_import
from app.ingest.together import Block, to_columns, together
from app.ingest.words import ImportOptions, Place
from app.state.logs import load_dataset
from app.state.models import save_schema

MAPPING = (("prediction_id", "prediction_id"), ("prediction", "prediction"), ("feature", "x"))
OPTIONS = ImportOptions("m", "predictions", mapping=MAPPING, format="parquet")


def test_values_of_several_types_keep_every_digit() -> None:
    rows: list[dict[str, Any]] = [{"a": 2**53 + 1, "b": True, "t": None}, {"a": 0.5, "c": [1, 2.5]}]
    table = pa.table({"a": ["x"], "b": [1.5]})
    found = together([Block(rows), table])
    assert found["a"].to_pylist() == [str(2**53 + 1), "0.5", "x"]
    assert found["b"].to_pylist() == ["true", None, "1.5"]
    assert found["c"].to_pylist() == [None, "[1, 2.5]", None]
    assert found["t"].null_count == 3 and found["t"].type == pa.string()
    same = together([Block([{"a": 1, "timestamp": "2026-03-01T12:00:00.5"}]), Block([{"a": 2}])])
    assert same["a"].to_pylist() == [1, 2]
    assert same["timestamp"].to_pylist()[0].microsecond == 500_000


def test_whole_numbers_beside_others_are_numbers_where_no_digit_is_lost() -> None:
    tables = [Block([{"a": 1, "b": 2**53 + 1}]).table(), Block([{"a": 2.5, "b": 0.5}]).table()]
    found = together(tables)
    assert found["a"].to_pylist() == [1.0, 2.5]
    assert found["b"].to_pylist() == [str(2**53 + 1), "0.5"]


VALUES = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "1"])
ROWS = st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1), min_size=1, max_size=6)


@given(batches=st.lists(ROWS, min_size=1, max_size=4))
def test_batches_of_columns_are_the_rows_in_their_order(batches: list[Any]) -> None:
    block = Block()
    for rows in batches:
        block.add(to_columns(rows))
    rows = [row for batch in batches for row in batch]
    names = list(dict.fromkeys(name for row in rows for name in row))
    assert block.columns == {name: [row.get(name) for row in rows] for name in names}
    assert list(block.columns) == names and len(block) == len(rows)


def taken(place: Place, plans: Plans, name: str, rows: list[dict[str, Any]]) -> list[Any]:
    """Import rows; the plan's columns as they are stored."""
    file, table = place.home / f"{name}.parquet", pa.Table.from_pylist(rows)
    pq.write_table(table, file)
    plan = plans.plan(place, file, table, OPTIONS)
    fresh = plan_import(place, [file], OPTIONS)
    run_import(place, plan)
    said = [(c.stored, c.role, c.type, c.conversion, c.file_type) for c in plan.columns]
    assert said == [(c.stored, c.role, c.type, c.conversion, c.file_type) for c in fresh.columns]
    assert (plan.task, plan.files) == (fresh.task, fresh.files)
    return said


@pytest.fixture
def model(place: Place) -> Place:
    with place.database.write("test") as write:
        save_schema(write, "m", Schema("binary", (), ("0", "1"), "1"), {})
    return place


def test_a_plan_is_made_again_where_the_values_ask_for_it(
    model: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def counted(place: Place, paths: Any, options: Any) -> Any:
        asked.extend(paths)
        return plan_import(place, paths, options)

    monkeypatch.setattr("app.ingest.replan.plan_import", counted)
    plans = Plans()
    numbers = [[{"prediction_id": f"{k}", "prediction": k % 2, "x": f"{k}.5"}] for k in range(8)]
    for k, rows in enumerate(numbers[:4]):
        taken(model, plans, f"n{k}", rows)
    assert len(asked) == 2  # the first made the schema grow
    taken(model, plans, "w", [{"prediction_id": "w", "prediction": 1, "x": "JFK"}])
    assert len(asked) == 3
    taken(model, plans, "w2", [{"prediction_id": "w2", "prediction": 1, "x": "LAX"}])
    taken(model, plans, "n5", numbers[5])
    engine = Engine([model.home])
    parts = load_dataset(model.database, "m").log("predictions").parts
    stored = sorted(
        row for p in parts for row in engine.rows(f"SELECT prediction_id, x FROM '{p.path}'")
    )
    assert stored == [*((str(k), k + 0.5) for k in (0, 1, 2, 3, 5)), ("w", None), ("w2", None)]


def test_ids_are_known_from_any_part_and_without_their_index(model: Place) -> None:
    plans = Plans()
    for k in range(3):
        rows = [{"prediction_id": f"{k}-{i}", "prediction": i % 2, "x": 1.0} for i in range(50)]
        taken(model, plans, f"p{k}", rows)
    folder = model.home / FOLDER / "m" / "predictions"
    assert list(folder.glob("*.npy"))
    for file in folder.glob("*.npy"):
        file.write_bytes(b"cut")
    again = [{"prediction_id": f"{k}-7", "prediction": 1, "x": 1.0} for k in range(3)]
    taken(model, plans, "again", [*again, {"prediction_id": "new", "prediction": 0, "x": 1.0}])
    assert load_dataset(model.database, "m").log("predictions").n_rows == 151
