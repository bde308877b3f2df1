"""What is put into the outbox stands in the log once: two flush at once, killed at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.core import Column, Dataset, Schema, Scope
from analytics.errors import NameUnknown, UsageError
from analytics.query.engine import Engine
from analytics.query.frame import frame
from analytics.sources.relation import relation
from app.ingest import compact
from app.ingest import outbox as ingest
from app.ingest.run import sweep
from app.ingest.words import Place
from app.state.audit import list_entries, verify
from app.state.database import Database
from app.state.logs import list_imports, load_dataset
from app.state.models import save_schema
from app.state.outbox import count_waiting, list_retired, outbox_table, put

ROOT = Path(__file__).resolve().parents[3]
FLUSH = """
import sys
from pathlib import Path
from app.ingest.outbox import flush
from app.ingest.words import Place
from app.state.database import Database
print(flush(Place(Path(sys.argv[2]), Database(sys.argv[1]))))
"""
MOMENT = datetime(2026, 3, 1, 12)


def make_model(database: Database, name: str = "m", task: str = "multiclass") -> None:
    columns = (Column("prediction_id", "prediction_id", "text"), Column("x", "feature", "numeric"))
    with database.write("test") as write:
        save_schema(write, name, Schema(task, columns, ("1", "2")), {})  # type: ignore[arg-type]


def label(number: int, value: Any = "1", **more: Any) -> dict[str, Any]:
    row = {"prediction_id": f"p{number}", "label": value, "known_at": MOMENT}
    return {**row, "source": "annotator", "queue": "uncertain", "sampling_p": None, **more}


def give(database: Database, *rows: dict[str, Any], model: str = "m", kind: Any = "labels") -> None:
    with database.write("ann") as write:
        put(write, model, kind, rows)


def read(place: Place, kind: Any = "labels", model: str = "m") -> list[dict[str, Any]]:
    log = load_dataset(place.database, model, place.home).log(kind)
    if not log.parts:
        return []
    found = duckdb.connect().execute(f"SELECT * FROM {relation(log)} ORDER BY row")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Place:
    make_model(database)
    return Place(tmp_path / "home", database)


def test_rows_move_once_and_say_who_took_them(place: Place) -> None:
    give(place.database, label(1), label(2, 2.0, sampling_p=0.25))
    assert count_waiting(place.database, "m") == 2
    assert ingest.flush(place) == 2
    assert ingest.flush(place) == count_waiting(place.database) == 0
    rows = read(place)
    assert [(r["prediction_id"], r["label"], r["sampling_p"], r["row"]) for r in rows] == [
        ("p1", "1", None, 0),
        ("p2", "2", 0.25, 1),
    ]
    assert {r["known_at"] for r in rows} == {MOMENT}
    assert {r["date"] for r in rows} == {"2026-03"}
    assert list_imports(place.database, "m")[0].n_taken == 2
    assert list_entries(place.database, 1)[0].action == "accept"
    assert verify(place.database).is_intact


def test_a_number_is_never_given_again(place: Place) -> None:
    numbers = []
    for number in (1, 2):
        give(place.database, label(number))
        with place.database.read() as connection:
            numbers.append(connection.execute(outbox_table.select()).one().id)
        ingest.flush(place)
    assert numbers[0] < numbers[1]


def test_a_write_that_fails_leaves_nothing_in_the_outbox(place: Place) -> None:
    with pytest.raises(ZeroDivisionError), place.database.write("ann") as write:
        put(write, "m", "labels", [label(1)])
        raise ZeroDivisionError
    assert ingest.flush(place) == 0


def test_each_log_gets_its_own_rows_in_the_month_of_each(place: Place) -> None:
    make_model(place.database, "n", "regression")
    give(place.database, label(1), label(2, known_at=datetime(2025, 12, 31, 23)))
    give(place.database, label(3, 2.5), label(4, "-1e3"), model="n")
    event = {"event": "shown", "timestamp": "2026-03-01T13:00:00+01:00", "uuid": "u"}
    give(place.database, {**event, "properties": {"a": [1, "ü"]}, "confidence": 1}, kind="events")
    assert ingest.flush(place) == 5
    assert [r["date"] for r in read(place)] == ["2026-03", "2025-12"]
    assert [r["label"] for r in read(place, model="n")] == [2.5, -1000.0]
    (found,) = read(place, "events")
    assert found["timestamp"] == MOMENT
    assert (found["properties"], found["confidence"]) == ('{"a": [1, "ü"]}', 1.0)


def test_what_cannot_be_kept_is_refused_where_it_is_put(place: Place) -> None:
    with pytest.raises(UsageError, match="sampling_p"):
        give(place.database, label(1, sampling_p="often"))
    with pytest.raises(UsageError, match="known_at"):
        give(place.database, label(1, known_at="yesterday"))
    with pytest.raises(NameUnknown):
        give(place.database, label(1), model="nobody")
    assert count_waiting(place.database) == 0


@pytest.mark.parametrize("step", ["written", "placed", "commit", "committed"])
def test_killed_at(step: str, place: Place, blank_url: str) -> None:
    give(place.database, label(1))
    assert ingest.flush(place) == 1
    give(place.database, label(2), label(3))
    command = [sys.executable, "-c", FLUSH, blank_url, str(place.home)]
    killed = {"TELLTALE_TEST_KILL_AT": f"outbox-{step}"}
    assert subprocess.run(command, cwd=ROOT, env=os.environ | killed).returncode == -signal.SIGKILL
    sweep(place.home, place.database)
    assert ingest.flush(place) == (0 if step == "committed" else 2)
    assert [r["prediction_id"] for r in read(place)] == ["p1", "p2", "p3"]
    assert [r["row"] for r in read(place)] == [0, 1, 2]
    assert files(place) == known(place)


def files(place: Place) -> set[str]:
    return {str(p) for p in (place.home / "logs").rglob("*.parquet")}


def known(place: Place, model: str = "m") -> set[str]:
    dataset = load_dataset(place.database, model, place.home)
    return {part.path for log in dataset.logs.values() for part in log.parts}


def test_several_flush_at_once_while_others_put_and_sweep(
    place: Place, connect: Callable[[], Database]
) -> None:
    errors: list[BaseException] = []

    def run(what: Callable[[Database], None]) -> threading.Thread:
        def safely() -> None:
            try:
                what(connect())
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=safely)
        thread.start()
        return thread

    givers = [
        run(lambda mine, i=i: [give(mine, label(100 * i + j)) for j in range(20)] and None)  # type: ignore[misc]
        for i in range(3)
    ]

    def flush(mine: Database) -> None:
        while any(thread.is_alive() for thread in givers) or count_waiting(mine):
            ingest.flush(Place(place.home, mine))
            sweep(place.home, mine)

    for thread in (*givers, run(flush), run(flush)):
        thread.join(120)
    assert errors == []
    found = Counter(r["prediction_id"] for r in read(place))
    assert found == {f"p{100 * i + j}": 1 for i in range(3) for j in range(20)}
    assert len({r["row"] for r in read(place)}) == 60


def test_many_small_parts_become_few_and_old_files_stay_for_a_while(place: Place, clock) -> None:
    for number in range(40):
        give(place.database, label(number))
        ingest.flush(place)
    assert [r["prediction_id"] for r in read(place)] == [f"p{n}" for n in range(40)]
    assert [r["row"] for r in read(place)] == list(range(40))
    log = load_dataset(place.database, "m", place.home).log("labels")
    assert sorted(part.n_rows for part in log.parts) == [*[1] * 8, 16, 16]
    with place.database.read() as connection:
        assert len(list_retired(connection)) == 32
    sweep(place.home, place.database)
    assert len(files(place) - known(place)) == 32
    clock.pass_s(compact.KEEP_RETIRED.total_seconds() + 1)
    ingest.flush(place)
    assert files(place) == known(place)


@pytest.mark.parametrize("step", ["merge-written", "merge-placed", "outbox-merge"])
def test_killed_while_merging(place: Place, blank_url: str, step: str) -> None:
    for number in range(compact.MERGE_FROM - 1):
        give(place.database, label(number))
        ingest.flush(place)
    give(place.database, label(compact.MERGE_FROM - 1))
    command = [sys.executable, "-c", FLUSH, blank_url, str(place.home)]
    killed = os.environ | {"TELLTALE_TEST_KILL_AT": step}
    assert subprocess.run(command, cwd=ROOT, env=killed).returncode == -signal.SIGKILL
    sweep(place.home, place.database)
    assert [r["prediction_id"] for r in read(place)] == [f"p{n}" for n in range(compact.MERGE_FROM)]
    give(place.database, label(99))
    assert ingest.flush(place) == 1
    assert len(read(place)) == compact.MERGE_FROM + 1
    assert len(load_dataset(place.database, "m", place.home).log("labels").parts) == 1


def test_a_log_that_cannot_be_written_keeps_no_other_waiting(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_model(place.database, "a")
    original = ingest._write_parts

    def fail(where, folder, batch):  # type: ignore[no-untyped-def]
        if batch.model == "a":
            raise OSError("no")
        return original(where, folder, batch)

    monkeypatch.setattr(ingest, "_write_parts", fail)
    give(place.database, label(1), model="a")
    give(place.database, label(1))
    with pytest.raises(OSError, match="no"):
        ingest.flush(place)
    assert (count_waiting(place.database, "a"), count_waiting(place.database, "m")) == (1, 0)


def settled(rows: list[dict[str, Any]]) -> str | None:
    """The label that counts, worked out by hand: each source's last word, the strongest source."""
    order = ("feedback", "annotator", "agreed", "adjudicated", "outcome")
    last: dict[str, str | None] = {}
    for row in sorted(rows, key=lambda r: r["known_at"]):
        last[row["source"]] = row["label"]
    said = [source for source in order if last.get(source) is not None]
    return last[said[-1]] if said else None


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine([tmp_path_factory.getbasetemp()], threads=1)


words = st.lists(
    st.tuples(
        st.sampled_from(["feedback", "annotator", "agreed", "adjudicated"]),
        st.sampled_from([None, "1", "2"]),
    ),
    max_size=7,
)


@pytest.mark.parametrize("blank_url", ["sqlite"], indirect=True)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=words)
def test_what_is_taken_back_does_not_count(said, place: Place, engine: Engine) -> None:
    """Any order of words and withdrawals settles as the plain reading of the rules does."""
    database = Database(f"sqlite:///{place.home / 'x' / os.urandom(6).hex()}.db")
    from app.state.migrations import migrate

    migrate(database)
    make_model(database)
    home = Place(place.home / os.urandom(6).hex(), database)
    rows = [
        label(1, value, source=source, queue=None, known_at=MOMENT + timedelta(seconds=i))
        for i, (source, value) in enumerate(said)
    ]
    give(database, *rows)
    give(database, {"prediction_id": "p1", "timestamp": MOMENT, "x": 1}, kind="predictions")
    ingest.flush(home)
    dataset = load_dataset(database, "m", home.home)
    assert label_of(engine, dataset) == settled(rows)
    database.close()


def label_of(engine: Engine, dataset: Dataset) -> str | None:
    rows = frame(dataset, Scope(), with_labels=True)
    assert rows is not None
    ((found,),) = engine.rows(rows.select("SELECT label FROM rows"), rows.values)
    return found
