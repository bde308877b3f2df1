"""After an import the first question finds its labels; whatever happens, answers are those of a join."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analytics import evaluate
from analytics.core import Dataset, Question, Result, Scope
from analytics.errors import FileUnreadable, QueryError
from analytics.query.aligned import FOLDER
from analytics.query.beside import Beside
from analytics.query.engine import Cancel, Engine
from app.auth.viewer import operator
from app.ingest import beside, outbox, retire
from app.ingest.drain import drain
from app.ingest.erase import erase_user
from app.ingest.plan import plan_import
from app.ingest.run import sweep
from app.ingest.wal import Wal
from app.ingest.words import ImportOptions, Place
from app.memory import MB
from app.state.logs import load_dataset
from app.state.models import change_model
from app.state.outbox import put

NAMES = ("accuracy", "f1", "roc_auc")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of a few rows is worth a file."""
    monkeypatch.setattr(beside, "MIN_ROWS", 1)


def rows(start: int, n: int, *, is_labelled: bool = True) -> str:
    lines = [
        f"p{i},2024-0{1 + i % 9}-01,{int(i % 3 > 0)},{(i * 37 % 100) / 100},{i}"
        for i in range(start, start + n)
    ]
    if is_labelled:
        lines = [f"{line},{i % 2}" for i, line in enumerate(lines)]
    head = "id,timestamp,prediction,score,x" + (",label" if is_labelled else "")
    return "\n".join([head, *lines, ""])


def truths(*values: tuple[int, int]) -> str:
    return "id,label\n" + "".join(f"p{i},{value}\n" for i, value in values)


def bring(place: Place, tmp_path: Path, text: str, name: str = "a.csv", **more: Any) -> beside.Put:
    file = tmp_path / name
    file.write_text(text)
    plan = plan_import(place, [file], ImportOptions("m", positive="1", **more))
    return beside.import_and_put(place, plan)[1]


def files(place: Place, ending: str = "json") -> list[Path]:
    return sorted((place.home / FOLDER).rglob(f"*.{ending}"))


def answers(engine: Engine, dataset: Dataset) -> list[Result]:
    return evaluate.performance(engine, dataset, Question(Scope(), None, NAMES))


def check(place: Place, engine: Engine) -> Dataset:
    """Nothing is built for the first question, and its numbers are those of the join."""
    dataset = load_dataset(place.database, "m", place.home)
    joins = Engine([place.home], beside=Beside(0))
    assert answers(engine, dataset) == answers(joins, dataset)
    assert engine.beside.n_built == 0
    joins.close()
    return dataset


def is_joined(engine: Engine, dataset: Dataset) -> bool:
    from analytics.query.frame import frame

    found = frame(dataset, Scope(), with_labels=True, engine=engine)
    assert found is not None
    return "JOIN settled" in found.sql


@pytest.mark.usefixtures("few")
def test_after_an_import_the_first_question_builds_nothing(
    place: Place, tmp_path: Path, engines: Callable[[], Engine]
) -> None:
    assert bring(place, tmp_path, rows(0, 60)).n_rows == 60
    engine = engines()
    assert not is_joined(engine, check(place, engine))
    touched = 2 * 7  # rows of April and May, in which p3 and p4 are
    done = bring(place, tmp_path, truths((3, 0), (4, 1)), "b.csv", kind="labels")
    assert done.n_rows == touched
    for engine in (engine, engines()):  # noqa: B020  the same process, and another one
        assert not is_joined(engine, check(place, engine))
    assert len(files(place)) == 2


@pytest.mark.usefixtures("few")
def test_new_rows_get_a_file_of_their_own_and_the_first_stays(
    place: Place, tmp_path: Path, engines: Callable[[], Engine]
) -> None:
    bring(place, tmp_path, rows(0, 60, is_labelled=False))
    bring(place, tmp_path, truths(*((i, i % 2) for i in range(90))), "t.csv", kind="labels")
    first = files(place)
    more = rows(60, 30, is_labelled=False)
    assert bring(place, tmp_path, more, "c.csv").n_rows == 30
    assert set(first) < set(files(place))
    engine = engines()
    assert not is_joined(engine, check(place, engine))


def test_a_small_log_gets_no_file(place: Place, tmp_path: Path) -> None:
    assert bring(place, tmp_path, rows(0, 60)) == beside.Put(0, pytest.approx(0, abs=60))
    assert files(place) == []


@pytest.mark.usefixtures("few")
def test_the_reference_log_has_its_own(
    place: Place, tmp_path: Path, engines: Callable[[], Engine]
) -> None:
    bring(place, tmp_path, rows(0, 60))
    assert bring(place, tmp_path, rows(500, 20), "r.csv", log="reference").n_rows == 20
    assert [f.parent.name for f in files(place)] == ["production", "reference"]
    engine = engines()
    dataset = check(place, engine)
    found = evaluate.performance(
        engine, dataset, Question(Scope(), Scope("reference"), ("accuracy",))
    )
    assert found[0].n == 60
    assert engine.beside.n_built == 0


@pytest.mark.usefixtures("few")
def test_what_counts_no_more_is_found_no_more_and_goes_later(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(place, tmp_path, rows(0, 60))
    old = files(place)[0]
    bring(place, tmp_path, truths((3, 0)), "b.csv", kind="labels")
    assert old not in files(place)
    assert old.with_suffix(".parquet").exists()  # somebody may be reading it
    monkeypatch.setattr(retire, "KEEP_OLD_S", -1.0)
    beside.put_beside(place, "m")
    assert files(place, "old") == []
    assert files(place, "parquet") == [file.with_suffix(".parquet") for file in files(place)]


STEPS = ("committed", "beside-written", "beside-moved", "beside-placed")


@pytest.mark.parametrize("step", STEPS)
def test_killed_at(step: str, place: Place, tmp_path: Path, engines: Callable[[], Engine]) -> None:
    """The import stands, no half file is read, and the next import cleans up."""
    file = tmp_path / "a.csv"
    file.write_text(rows(0, beside.MIN_ROWS))
    command = [sys.executable, "-m", "app.cli", "import", str(file), "--model", "m"]
    command += ["--positive", "1", "--home", str(place.home)]
    killed = subprocess.run(
        command, env=os.environ | {"TELLTALE_TEST_KILL_AT": step}, capture_output=True, check=False
    )
    assert killed.returncode == -9
    sweep(place.home, place.database)
    assert not list((place.home / "tmp").iterdir())
    dataset = load_dataset(place.database, "m", place.home)
    assert dataset.log("predictions").n_rows == dataset.log("labels").n_rows == beside.MIN_ROWS
    assert len(files(place)) == (step == "beside-placed")
    joins = Engine([place.home], beside=Beside(0))
    assert answers(engines(), dataset) == answers(joins, dataset)
    joins.close()
    n_left = 0 if files(place) else beside.MIN_ROWS
    assert beside.put_beside(place, "m").n_rows == n_left
    assert len(files(place)) == len(files(place, "parquet")) == 1
    check(place, engines())


@pytest.mark.usefixtures("few")
def test_cancelled_in_time_the_import_stands(place: Place, tmp_path: Path) -> None:
    """Cancel is pressed when the rows are in and their labels are being put beside them."""
    file = tmp_path / "a.csv"
    file.write_text(rows(0, 60))
    plan, cancel, said = plan_import(place, [file], ImportOptions("m", positive="1")), Cancel(), []

    def say(share: float, message: str) -> None:
        said.append(share)
        if message.startswith("Putting"):
            cancel.press()

    report, done = beside.import_and_put(place, plan, say, cancel)
    assert (report.n_taken, done.n_rows, files(place)) == (60, 0, [])
    assert said == sorted(said)
    assert cancel.is_pressed
    assert load_dataset(place.database, "m", place.home).log("labels").n_rows == 60


@pytest.mark.usefixtures("few")
def test_a_fault_while_labels_are_put_leaves_the_import(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_given: object) -> str:
        raise FileUnreadable("A part cannot be read.", "", "")

    monkeypatch.setattr(beside, "_write", fail)
    caplog.set_level(logging.WARNING)  # some commands, run here before, turn warnings off
    assert bring(place, tmp_path, rows(0, 60)).n_rows == 0
    assert "were not put beside" in caplog.text
    assert load_dataset(place.database, "m", place.home).log("labels").n_rows == 60


@pytest.mark.usefixtures("few")
def test_the_worker_puts_what_came_by_other_ways(
    place: Place, tmp_path: Path, engines: Callable[[], Engine]
) -> None:
    """Labels given on the screen, another precedence of sources: each once, and not without need."""
    bring(place, tmp_path, rows(0, 60))
    placer = beside.Placer(place)
    assert placer.do() == 0
    with place.database.write("ann") as write:
        put(write, "m", "labels", [{"prediction_id": "p3", "label": "1", "source": "annotator"}])
    outbox.flush(place)
    assert placer.do() == 0  # it rests
    placer._rest_until.clear()
    assert placer.do() == 60
    placer._rest_until.clear()
    assert placer.do() == 0
    engine = engines()
    assert not is_joined(engine, check(place, engine))
    with place.database.write("ann") as write:
        order = ("annotator", "outcome", "adjudicated", "agreed", "feedback")
        change_model(write, "m", label_precedence=order)
    assert placer.do() == 60
    engine = engines()
    assert not is_joined(engine, check(place, engine))


@pytest.mark.usefixtures("few")
def test_the_worker_puts_what_came_by_http(
    place: Place, tmp_path: Path, engines: Callable[[], Engine]
) -> None:
    bring(place, tmp_path, rows(0, 60))
    wal = Wal(place.home / "wal")
    label = {"prediction_id": "p3", "label": "0", "known_at": "2024-11-01T00:00:00"}
    what = {"model": "m", "kind": "labels", "received_at": "2024-11-01T00:00:00", "rows": [label]}
    done = wal.append(json.dumps(what).encode())
    wal.close()
    done.result()
    assert drain(place) == 1
    assert beside.Placer(place).do() == 60
    engine = engines()
    assert not is_joined(engine, check(place, engine))


@pytest.mark.usefixtures("few")
def test_the_worker_ends_and_says_what_is_wrong(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bring(place, tmp_path, rows(0, 60))

    def fail(*_given: object, **_more: object) -> beside.Put:
        raise OSError("no space left")

    monkeypatch.setattr(beside, "put_beside", fail)
    caplog.set_level(logging.WARNING)
    placer = beside.Placer(place)
    assert placer.do() == 0
    assert "no space left" in caplog.text
    placer.start()
    placer.end()
    assert not placer.is_alive()


@pytest.mark.usefixtures("few")
def test_what_needs_more_memory_gets_what_an_import_may_use(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engines: Callable[[], Engine]
) -> None:
    """Two thousand rows do not fit what the worker tries first here."""
    with monkeypatch.context() as patch:
        patch.setattr(beside, "put_beside", lambda *_a, **_k: beside.Put())
        bring(place, tmp_path, rows(0, 2000))
    monkeypatch.setattr(beside, "MEMORY", MB)
    whole, tried = beside.put_beside, list[str]()

    def put(place: Place, *given: Any, **more: Any) -> beside.Put:
        tried.append(place.memory)
        return whole(place, *given, **more)

    monkeypatch.setattr(beside, "put_beside", put)
    assert beside.Placer(place).do() == 2000
    assert tried == ["1MB", place.memory]
    check(place, engines())


def test_what_fails_for_another_reason_is_not_tried_with_more_memory(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bring(place, tmp_path, rows(0, 60))
    tried = list[str]()

    def fail(place: Place, *_given: object, **_more: object) -> beside.Put:
        tried.append(place.memory)
        raise QueryError("The import stopped.", "", "") from duckdb.BinderException(
            "no such column"
        )

    monkeypatch.setattr(beside, "put_beside", fail)
    caplog.set_level(logging.WARNING)
    placer = beside.Placer(place)
    assert placer.do() == 0
    assert tried == [placer._lean.memory]
    assert "The import stopped" in caplog.text


@pytest.mark.usefixtures("few")
def test_files_hold_no_ids_and_no_person_that_was_erased(place: Place, tmp_path: Path) -> None:
    text = rows(0, 60).replace(",x,label", ",user_id,label")
    bring(place, tmp_path, text)
    event = '{"uuid": "e1", "event": "prediction_shown", "distinct_id": "7", "timestamp": "2026-03-01T10:00:00Z"}'
    bring(place, tmp_path, event + "\n", "e.jsonl", kind="events")
    erase_user(place, operator(), "m", "7")
    for file in files(place, "parquet"):
        found = duckdb.sql(f"SELECT * FROM '{file}'")
        assert {"_at", "_label"} <= set(found.columns) <= {"_at", "_label", "_known_at", "_sampled"}


@pytest.mark.usefixtures("few")
def test_a_part_that_is_gone_takes_its_labels_along(
    place: Place, tmp_path: Path, engines: Callable[[], Engine]
) -> None:
    """Rows that left the log leave the files too, with the next time that labels are put."""
    bring(place, tmp_path, rows(0, 60))
    dataset = load_dataset(place.database, "m", place.home)
    gone = dataset.log("predictions").parts[0]
    from app.state.logs import remove_parts

    with place.database.write("test") as write:
        remove_parts(write, [str(Path(gone.path).relative_to(place.home))])
        write.audit("erase", "model", "m")
    n = 60 - gone.n_rows
    assert beside.Placer(place).do() == n
    (file,) = (f.with_suffix(".parquet") for f in files(place))
    assert duckdb.sql(f"SELECT count(*) FROM '{file}'").fetchall() == [(n,)]
    check(place, engines())
