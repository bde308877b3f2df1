"""What the cluster counts of labels is what this machine counts, from the files to the sheets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from analytics.core import Dataset
from analytics.query.aligned import Rows, aligned_sql, describe, folder_of
from analytics.query.beside import Beside
from analytics.query.engine import Engine
from analytics.summaries import cluster as clusters
from analytics.summaries import columns, labelled, store
from analytics.summaries.cluster import Cluster
from analytics.summaries.grid import Grid
from analytics.summaries.labelled_sql import counted_sql, days_sql, source_sql
from analytics.summaries.recipes import Group, recipes
from analytics.summaries.store import FOLDER, read_sheets
from app.ingest import beside, summaries
from app.ingest.beside import import_and_put
from app.ingest.plan import plan_import
from app.ingest.words import ImportOptions, Place
from app.state.database import Database
from app.state.migrations import migrate
from tests.analytics.summaries.conftest import MASTER, Row, as_dicts, assert_same, named
from tests.analytics.summaries.test_labelled_sql import CENTRE, TASKS, awkward_log

pytestmark = [pytest.mark.spark, pytest.mark.slow]
Build = Callable[..., Dataset]


@pytest.mark.parametrize(("task", "seed"), [(task, seed) for task in TASKS for seed in (3, 4)])
def test_every_statement_about_labels_counts_the_same_on_both_engines(
    cluster: Cluster, engine: Engine, build: Build, tmp_path: Path, task: str, seed: int
) -> None:
    """Seeds that three divides have weights; awkward rows are those of the tests by hand."""
    dataset = awkward_log(build, seed, task)
    parts = dataset.log("predictions").parts
    found = labelled.beside(engine, dataset, "production", parts)
    assert found is not None and found.held is not None
    files = labelled.files_of(engine, found, tmp_path / "aside.parquet")
    over = source_sql(dataset, "production", clusters.VIEW, found.held.picks)
    here, there = (
        counted_sql(dataset, "production", source, CENTRE) for source in (found.source, over)
    )
    for mine, other in ((here, there), (days_sql(dataset, here), days_sql(dataset, there))):
        rows = cluster._table(other, parts, beside=files).to_pylist()
        assert_same(sorted(as_dicts(engine, mine), key=named), sorted(rows, key=named))


def sheet_rows(engine: Engine, dataset: Dataset, file: Path, counting: Cluster | None) -> list[Row]:
    """A sheet of three groups: of two parts with hours, of one without, and of one too thin."""
    found = recipes(dataset, "production", Grid("", "production", {}, {}), counting)
    recipe = next(recipe for recipe in found if recipe.kind == labelled.KIND)
    one, two, three = dataset.log("predictions").parts
    groups = [Group((three, one), None, ("hour", "day")), Group((two,), None, ("day",))]
    recipe.write(engine, [*groups, Group((two,), None, ())], file)
    return sorted(pq.read_table(file, partitioning=None).to_pylist(), key=named)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("is_labelled", [True, False])
def test_the_sheets_are_those_of_one_machine(
    cluster: Cluster, engine: Engine, build: Build, tmp_path: Path, task: str, is_labelled: bool
) -> None:
    dataset = awkward_log(build, 4, task, is_labelled=is_labelled)
    here, there = (
        sheet_rows(engine, dataset, tmp_path / f"{each is None}.parquet", each)
        for each in (None, cluster)
    )
    assert {row["grp"] for row in here if row["grain"] == "labels"} == {0, 1, 2}
    assert_same(here, there)


def test_labels_are_read_from_the_files_that_imports_leave(
    cluster: Cluster, engine: Engine, build: Build, tmp_path: Path
) -> None:
    dataset = awkward_log(build, 4, "binary")
    here = sheet_rows(engine, dataset, tmp_path / "here.parquet", None)
    rows, parts = Rows(dataset, "production"), dataset.log("predictions").parts[::-1]
    place = folder_of(tmp_path / "beside", rows)
    place.mkdir(parents=True)
    file = place / f"{rows.key}-made.parquet"
    sql = aligned_sql(rows, parts, is_known_once=False)
    engine.rows(f"COPY ({sql}) TO '{file}' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)")
    file.with_suffix(".json").write_text(describe(rows, parts, file.stat().st_size))
    opened = Engine([tmp_path], beside=Beside(0, tmp_path / "beside"))
    assert_same(here, sheet_rows(opened, dataset, tmp_path / "there.parquet", cluster))
    opened.close()
    assert not list(tmp_path.glob("*.labels*"))


def text_of(start: int, n: int) -> str:
    lines = [
        f"p{i},2024-01-{1 + i % 28:02d}T{i % 24:02d}:30:00,v{i % 2},{int(i % 3 > 0)},"
        f"{(i * 37 % 101) / 100},{5 + i % 90},{'abc'[i % 3]}"
        for i in range(start, start + n)
    ]
    return "\n".join(["id,timestamp,model_version,prediction,score,latency_ms,city", *lines, ""])


def truths_of(ids: range, value: int, day: int) -> str:
    lines = [f"p{i},{(i + value) % 2},2024-02-{day:02d}" for i in ids]
    return "\n".join(["id,label,label_time", *lines, ""])


def bring(place: Place, text: str, kind: Any) -> None:
    file = place.home / "in.csv"
    file.write_text(text)
    options = ImportOptions("m", kind, positive="1")
    import_and_put(place, plan_import(place, [file], options))


def all_sheets(place: Place) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for folder in (place.home / FOLDER).glob("*/*"):
        for sheet in read_sheets(folder) if folder.is_dir() else ():
            if sheet.key in live_keys(place):
                rows = pq.read_table(sheet.file, partitioning=None).to_pylist()
                told = [{**row, "grp": sheet.groups[row["grp"]][0][2]} for row in rows]
                found.setdefault(sheet.kind, []).extend(told)
    return {kind: sorted(rows, key=named) for kind, rows in found.items()}


def live_keys(place: Place) -> set[str]:
    """The keys that questions look for now."""
    from app.state.logs import load_dataset

    dataset = load_dataset(place.database, "m", place.home)
    return {r.key for r in recipes(dataset, "production", Grid("", "production", {}, {}))}


def test_a_home_whose_worker_has_a_cluster_has_the_same_sheets(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imported rows and labels; then labels that came late, and corrections, for one part only."""
    for module in (store, summaries, beside):
        monkeypatch.setattr(module, "MIN_ROWS", 1)
    monkeypatch.setattr(columns, "FEW", 0)
    monkeypatch.setattr(columns, "FEW_HOUR", 0)
    homes = []
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        database = Database(f"sqlite:///{tmp_path / name / 'telltale.db'}")
        migrate(database)
        homes.append(Place(tmp_path / name, database, "test", threads=2))
    here, there = homes[0], replace(homes[1], cluster=MASTER)
    counted: list[int] = []
    labels = Cluster.labelled

    def watched(self: Cluster, what: Any, parts: Any, *more: Any) -> None:
        counted.append(sum(part.n_rows for part in parts))
        labels(self, what, parts, *more)

    monkeypatch.setattr(Cluster, "labelled", watched)
    steps = [
        (text_of(0, 300), "predictions"),
        (text_of(300, 200), "predictions"),
        (truths_of(range(0, 450, 2), 0, 1), "labels"),
        (truths_of(range(300, 360), 1, 9), "labels"),
    ]
    for text, kind in steps:
        counted.clear()
        for place in (here, there):
            bring(place, text, kind)
        mine, other = all_sheets(here), all_sheets(there)
        assert mine.keys() == other.keys() >= {"numbers", "levels", "serving", "labelled"}
        for sheet, rows in mine.items():
            assert_same(rows, other[sheet])
    assert counted == [200]  # the other part's labels are as they were
