"""Labels that arrive touch the rows that they are of: other files stay, and answers are those of a join."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from analytics import evaluate
from analytics.core import Dataset, Question, Scope
from analytics.query.aligned import FOLDER, REPLACED, Rows, read_aligned
from analytics.query.beside import Beside
from analytics.query.engine import Engine
from analytics.summaries import labelled
from app.ingest import beside, carried
from app.ingest.plan import plan_import
from app.ingest.words import ImportOptions, Place
from app.state.logs import load_dataset, remove_parts

DAYS, A_DAY = 9, 40


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of a few rows is worth a file, and its days are parts."""
    from app.ingest import parts

    monkeypatch.setattr(beside, "MIN_ROWS", 1)
    monkeypatch.setattr(parts, "ROWS_A_DAY", 1)


@pytest.fixture
def joins(place: Place) -> Iterator[Engine]:
    """An engine that joins labels by id."""
    engine = Engine([place.home], beside=Beside(0))
    yield engine
    engine.close()


def bring(place: Place, tmp_path: Path, lines: list[str], **more: Any) -> int:
    """Import a CSV and put labels beside the rows; of how many rows that was."""
    file = tmp_path / "a.csv"
    file.write_text("\n".join([*lines, ""]))
    plan = plan_import(place, [file], ImportOptions("m", positive="1", **more))
    return beside.import_and_put(place, plan)[1].n_rows


def predictions(day: int) -> list[str]:
    ids = range(A_DAY * day, A_DAY * (day + 1))
    rows = (
        f"p{i},2024-01-{day + 1:02d}T{i % 24:02d}:00:00,{i % 2},{(i * 37 % 100) / 100}" for i in ids
    )
    return ["id,timestamp,prediction,score", *rows]


def labels(day: int, ids: Any, value: int) -> list[str]:
    rows = (f"p{i},{(int(i) + value) % 3 % 2},2024-01-{day + 1:02d}T23:30:00" for i in ids)
    return ["id,label,known_at", *rows]


def names(place: Place) -> list[Path]:
    return sorted((place.home / FOLDER).rglob("*.json"))


def look(place: Place) -> Dataset:
    return load_dataset(place.database, "m", place.home)


def check(place: Place, engine: Engine, joins: Engine) -> None:
    """Nothing is built for a question, and its numbers are those of a join by id."""
    dataset = look(place)
    question = Question(Scope(every="day"), None, ("accuracy", "roc_auc"))
    assert evaluate.performance(engine, dataset, question) == evaluate.performance(
        joins, dataset, question
    )
    assert engine.beside.n_built == 0


def test_days_of_rows_and_of_labels_that_come_late_twice_or_never(
    place: Place, tmp_path: Path, engines: Callable[[], Engine], joins: Engine
) -> None:
    rng = np.random.default_rng(5)
    for day in range(DAYS):
        bring(place, tmp_path, predictions(day))
        first = A_DAY * max(day - 1, 0)
        ids = rng.choice(np.arange(first, A_DAY * (day + 1)), 30, replace=False)
        n = bring(place, tmp_path, labels(day, ids, day), kind="labels")
        touched = {int(i) // A_DAY for i in ids}
        if day > 1:  # what stays is most of a file by then
            assert n <= A_DAY * (len(touched) + 1)
        check(place, engines(), joins)
        assert len(names(place)) < 2 * carried.TIER
    dataset = look(place)
    tables = read_aligned(place.home / FOLDER, Rows(dataset, "production"))
    assert sum(p.n_rows for t in tables for p in t.starts) == DAYS * A_DAY
    assert any(len(table.starts) >= carried.TIER for table in tables)


def test_one_late_label_writes_its_part_alone(
    place: Place, tmp_path: Path, engines: Callable[[], Engine], joins: Engine
) -> None:
    for day in range(4):
        bring(place, tmp_path, predictions(day))
    bring(place, tmp_path, labels(4, range(4 * A_DAY), 0), kind="labels")
    (old,) = names(place)
    inode = old.with_suffix(".parquet").stat().st_ino
    assert bring(place, tmp_path, labels(5, [A_DAY + 3], 1), kind="labels") == A_DAY
    kept, new = sorted(names(place), key=lambda n: -len(json.loads(n.read_text())["parts"]))
    assert kept.with_suffix(".parquet").stat().st_ino == inode
    told = [part[0] for part in json.loads(kept.read_text())["parts"]]
    assert told.count(REPLACED) == 1
    assert len(json.loads(new.read_text())["parts"]) == 1
    check(place, engines(), joins)


def test_labels_of_nobody_change_no_file(
    place: Place, tmp_path: Path, engines: Callable[[], Engine], joins: Engine
) -> None:
    bring(place, tmp_path, predictions(0))
    bring(place, tmp_path, labels(1, range(A_DAY), 0), kind="labels")
    assert bring(place, tmp_path, labels(1, range(900, 930), 0), kind="labels") == 0
    check(place, engines(), joins)


def test_another_precedence_or_a_part_that_is_gone_makes_all_anew(
    place: Place, tmp_path: Path, engines: Callable[[], Engine], joins: Engine
) -> None:
    for day in range(3):
        bring(place, tmp_path, predictions(day))
    bring(place, tmp_path, labels(4, range(3 * A_DAY), 0), kind="labels")
    gone = look(place).log("predictions").parts[0]
    with place.database.write("test") as write:
        remove_parts(write, [str(Path(gone.path).relative_to(place.home))])
        write.audit("erase", "model", "m")
    assert bring(place, tmp_path, labels(5, [A_DAY + 3], 1), kind="labels") == 2 * A_DAY
    for file in (place.home / FOLDER).rglob("*.json"):
        (n,) = duckdb.sql(f"SELECT count(*) FROM '{file.with_suffix('.parquet')}'").fetchall()[0]
        assert n == 2 * A_DAY
    check(place, engines(), joins)


def test_without_links_labels_are_put_there_anew(
    place: Place, tmp_path: Path, engines: Callable[[], Engine], joins: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for day in range(3):
        bring(place, tmp_path, predictions(day))
    bring(place, tmp_path, labels(4, range(3 * A_DAY), 0), kind="labels")

    def refuse(*_given: object) -> None:
        raise OSError("no links on this disk")

    monkeypatch.setattr("os.link", refuse)
    assert bring(place, tmp_path, labels(5, [A_DAY + 3], 1), kind="labels") == 3 * A_DAY
    check(place, engines(), joins)


def test_a_stamp_read_from_a_line_is_the_one_that_rows_give(
    place: Place, tmp_path: Path, engines: Callable[[], Engine]
) -> None:
    for day in range(3):
        bring(place, tmp_path, predictions(day))
    bring(place, tmp_path, labels(4, range(0, 3 * A_DAY, 2), 0), kind="labels")
    dataset = look(place)
    parts = dataset.log("predictions").parts
    memory = Engine([place.home])  # it knows of no file

    def stamp(engine: Engine) -> str:
        found = labelled.beside(engine, dataset, "production", parts)
        assert found is not None
        return str(engine.rows(found.stamp)[0][0])

    before = stamp(memory)
    assert stamp(engines()) == before
    assert memory.beside.n_built == 1
    memory.close()
    bring(place, tmp_path, labels(5, [A_DAY + 3], 1), kind="labels")
    dataset = look(place)
    assert stamp(engines()) != before
