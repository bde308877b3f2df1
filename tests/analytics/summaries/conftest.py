"""A log of a few parts, and its sheets as an import leaves them."""

from __future__ import annotations

import hashlib
import os
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics.core import Column, Dataset, Log, LogName, Part, Schema
from analytics.query.engine import Engine
from analytics.summaries import chooser, columns, store
from analytics.summaries.cluster import Cluster, open_cluster
from analytics.summaries.grid import Grid, grid_file, make_grid
from analytics.summaries.recipes import Group, Recipe, group_of, recipes
from analytics.summaries.store import Sheet, Summaries, describe, folder_of, tell

MASTER = os.environ.get("TELLTALE_TEST_SPARK", "local-cluster[2,1,1024]")
T0 = datetime(2024, 1, 1)
Row = dict[str, Any]
NAMES = (
    "row",
    "prediction_id",
    "timestamp",
    "model_version",
    "prediction",
    "x",
    "y",
    "city",
    "date",
)
FIELDS = pa.schema(
    [
        ("row", pa.int64()),
        ("prediction_id", pa.string()),
        ("timestamp", pa.timestamp("us")),
        ("model_version", pa.string()),
        ("prediction", pa.string()),
        ("x", pa.float64()),
        ("y", pa.int32()),
        ("city", pa.string()),
    ]
)
SCHEMA = Schema(
    "none",
    (
        Column("timestamp", "timestamp", "time"),
        Column("model_version", "model_version", "categorical"),
        Column("prediction", "prediction", "categorical"),
        Column("x", "feature", "numeric"),
        Column("y", "feature", "numeric"),
        Column("city", "feature", "categorical"),
    ),
)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine whose sheets stand where a test puts them."""
    engine = Engine([tmp_path_factory.getbasetemp().parent])
    yield engine
    engine.close()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Engine]:
    """An engine of the test's own folder, where its sheets stand too."""
    engine = Engine([tmp_path])
    engine.summaries = Summaries(tmp_path / "summaries")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One session for all tests: it takes some seconds to come up."""
    pytest.importorskip("pyspark", reason="the extra spark is not installed (make test-spark)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield open_cluster(MASTER)
        from pyspark.sql import SparkSession

        found = SparkSession.getActiveSession()
        assert found is not None
        found.stop()
    open_cluster.cache_clear()


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Summaries of a few rows are made and taken."""
    monkeypatch.setattr(store, "MIN_ROWS", 1)
    monkeypatch.setattr(columns, "FEW", 0)
    monkeypatch.setattr(columns, "FEW_HOUR", 0)
    monkeypatch.setattr(chooser, "MIN_ROWS", 0)


def rows_of(seed: int, n: int, days: float = 3.0, shift: float = 0.0) -> list[Row]:
    """Rows with ties, heavy values, infinities, NaN and NULL in them, in the order of time."""
    chance = random.Random(seed)
    odd = [None, float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1.0, 1.0, 1.0]
    times = sorted(chance.random() * days for _ in range(n))
    return [
        {
            "row": i,
            "prediction_id": f"p{seed}-{i}",
            "timestamp": T0 + timedelta(days=at),
            "model_version": chance.choice(["v1", "v2", None]),
            "prediction": chance.choice(["0", "1", None]),
            "x": chance.choice(odd) if chance.random() < 0.3 else chance.gauss(shift, 1),
            "y": chance.choice([None, 1, 2, 3, 4, 5]),
            "city": chance.choice([None, "a", "b", "L'x", ""]),
        }
        for i, at in enumerate(times)
    ]


def write_part(folder: Path, name: str, rows: Sequence[Row]) -> Part:
    """One part of a log."""
    file = folder / "date=none" / f"{name}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), FIELDS), file)
    times = [row["timestamp"] for row in rows]
    content = hashlib.sha256(repr(rows).encode()).hexdigest()
    return Part(str(file), len(rows), content, min(times, default=None), max(times, default=None))


def dataset_of(
    folder: Path, production: Sequence[Sequence[Row]], reference: Sequence[Row]
) -> Dataset:
    """A model's log: each list of rows is a part."""
    parts = [write_part(folder, f"part{i}", rows) for i, rows in enumerate(production)]
    logs: dict[tuple[LogName, str], Log] = {
        ("production", "predictions"): Log("predictions", tuple(parts), NAMES, True)
    }
    if reference:
        kept = (write_part(folder, "reference", reference),)
        logs["reference", "predictions"] = Log("predictions", kept, NAMES, True)
    return Dataset("m", SCHEMA, logs, "f")  # type: ignore[arg-type]


def summarise(
    engine: Engine,
    dataset: Dataset,
    groups: Callable[[Sequence[Part]], list[tuple[Part, ...]]] = lambda parts: [
        (p,) for p in parts
    ],
) -> list[Sheet]:
    """Sheets of both logs, as an import leaves them."""
    home = engine.summaries.folder
    assert home is not None
    grid = make_grid(engine, dataset)
    file = grid_file(home, dataset)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(grid.to_json())
    made = []
    for log in ("reference", "production"):
        kept = dataset.log("predictions", log)
        folder = folder_of(home, dataset.model, log)
        chosen = [group_of(engine, kept, parts) for parts in groups(kept.parts)]
        for recipe in recipes(dataset, log, grid) if chosen else ():
            target = folder / f"{recipe.kind}-{kept.parts[0].fingerprint[:8]}.parquet"
            made.append(write_sheet(engine, recipe, chosen, target))
    return made


def write_sheet(engine: Engine, recipe: Recipe, groups: Sequence[Group], file: Path) -> Sheet:
    """A sheet of some groups, as an import leaves it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    recipe.write(engine, groups, file)
    told = tuple(tuple(map(tell, group.parts)) for group in groups)
    grains, size = tuple(group.grains for group in groups), file.stat().st_size
    sheet = Sheet(file, recipe.kind, recipe.key, size, recipe.columns, told, grains)
    file.with_suffix(".json").write_text(describe(sheet))
    return sheet


def put_sheet(
    engine: Engine, dataset: Dataset, kind: str, groups: Sequence[Group], name: str
) -> Sheet:
    """A sheet of one kind of production's rows, which needs no edges of columns."""
    assert engine.summaries.folder is not None
    folder = folder_of(engine.summaries.folder, dataset.model, "production")
    found = recipes(dataset, "production", Grid("", "production", {}, {}))
    recipe = next(recipe for recipe in found if recipe.kind == kind)
    return write_sheet(engine, recipe, groups, folder / f"{name}.parquet")


def as_dicts(engine: Engine, sql: str) -> list[Row]:
    """The rows of a statement by the names of its columns."""
    names = list(engine.arrays(sql))
    return [dict(zip(names, row, strict=True)) for row in engine.rows(sql)]


def named(row: Row) -> str:
    """By what the rows of a sheet are told apart."""
    keys = ("grp", "grain", "period", "timestamp", "hour", "version", "name", "level", "is_tail")
    facts = ("bin", "is_load", "kind", "of", "is_of", "label", "predicted")
    return str([row.get(key) for key in (*keys, *facts)])


def assert_same(here: Sequence[Row], there: Sequence[Row]) -> None:
    """Integers, texts and blobs equal, sums of floats within 1e-9 of what was added up."""
    assert len(here) == len(there) > 0
    for mine, other in zip(here, there, strict=True):
        assert mine.keys() == other.keys()
        for name, value in mine.items():
            if isinstance(value, float):
                near = pytest.approx(value, rel=1e-9, abs=1e-9 * _size(mine, name), nan_ok=True)
                assert other[name] == near, name
            else:
                assert other[name] == value, (name, mine, other)


def _size(row: Row, name: str) -> float:
    """At least the sum of the absolute values behind a sum whose terms may have either sign."""
    n = row.get("n_pairs") or 0
    of = {"r1": ("a1", "a1"), "r3": ("a3", "a3"), "y1": ("n_pairs", "y2"), "y3": ("y2", "y4"),
          "yr2": ("y2", "r4")}.get(name)  # fmt: skip
    return (row[of[0]] * row[of[1]]) ** 0.5 if n and of else 0.0
