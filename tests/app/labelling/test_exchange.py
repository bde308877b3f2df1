"""Exported, wiped, imported and exported again a project is the same, in every format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import AccessDenied, FileUnreadable, UsageError
from analytics.query.engine import Engine
from app.ingest.outbox import flush
from app.ingest.words import Place
from app.labelling.answer import undo
from app.labelling.exchange import export_project, import_rows
from app.labelling.formats import read_file, read_folder, write_file, write_folder
from app.labelling.projects import change_project, get_project, wipe_project
from app.labelling.review import Decision, adjudicate
from app.labelling.rows import COLUMNS, FLAGS
from app.labelling.tasks import Item, add_tasks
from app.state.labels import Guide, Project, annotation_table, task_table
from app.state.logs import load_dataset
from app.state.outbox import outbox_table
from tests.app.labelling.conftest import World, item, make_world

KINDS = ("jsonl", "csv", "label-studio", "huggingface")
NASTY = '=1+1, "quoted"\nsecond line; ünï 🐟 \'x'


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("TELLTALE_HOME", str(tmp_path))  # PostgreSQL's home; SQLite knows its own
    found = Engine([tmp_path], threads=1)
    yield found
    found.close()


@pytest.fixture
def lived(database, clock) -> World:
    """A project with everything in it: every queue, purpose and way to answer."""
    world = make_world(database, overlap=2, n_practice=1)
    world.fill(
        *(item(i, score=0.1 * i, sampling_p=0.25 if i % 2 else None) for i in range(6)),
        item(6, queue="slice", slice="x > 3", reason=NASTY),
        Item("=p7", {"text": NASTY, "n": 1, "none": None, "list": [1.5, "a"]}, {"odd": [1]}),
        item(50, purpose="practice", gold_label="1"),
        item(60, purpose="gold", gold_label="2"),
    )
    given = iter(["1", None, "2", "1", "3", None, "2", "1", "2", "3"] * 3)
    for who in (world.ann, world.bob):
        for _round in range(9):
            for card in world.claim(who, 1).cards:
                clock.pass_s(1.5)
                value = next(given)
                action = "answer" if value else "skip"
                more = {
                    "comment": NASTY if value == "3" else "",
                    "confidence": 0.7,
                    "client_seq": 4,
                }
                world.answer(who, card.task_id, value, action=action, **more)
        undo(world.database, who, world.project)
    rows = export_project(world.database, world.boss, world.project)
    task = next(r["prediction_id"] for r in rows if r["state"] == "disputed")
    with database.read() as connection:
        named = task_table.select().where(task_table.c.prediction_id == task)
        number = connection.execute(named).one().id
    for i, value in enumerate(("1", "3")):
        clock.pass_s(1)
        adjudicate(database, world.boss, world.project, number, Decision(f"d{i}", value, "why"))
    return world


def export(world: World, kind: str, folder: Path) -> Any:
    project = get_project(world.database, world.boss, world.project)
    rows = export_project(world.database, world.boss, world.project)
    if kind == "huggingface":
        write_folder(project, rows, folder)
        return folder
    return write_file(kind, project, rows)


def parsed(kind: str, exported: Any) -> Any:
    rows = read_folder(exported) if kind == "huggingface" else read_file(kind, exported)
    return sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)


def changed(before: Any, after: Any) -> list[Any]:
    """What differs between two exports, cell by cell."""
    return [
        (one["prediction_id"], name, one[name], other[name])
        for one, other in zip(before, after, strict=True)
        for name in COLUMNS
        if one[name] != other[name]
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_export_wipe_import_export_is_the_same(lived, engine, kind, tmp_path) -> None:
    flush(Place(tmp_path, lived.database))
    first = export(lived, kind, tmp_path / "one")
    before = export_project(lived.database, lived.boss, lived.project)
    rows = read_folder(first) if kind == "huggingface" else read_file(kind, first)
    assert wipe_project(lived.database, lived.boss, lived.project) > 10
    assert export_project(lived.database, lived.boss, lived.project) == []
    done = import_rows(engine, lived.database, lived.boss, lived.project, rows)
    assert (done.refused, done.n_tasks, done.n_known) == ((), 10, 0)
    assert changed(before, export_project(lived.database, lived.boss, lived.project)) == []
    second = export(lived, kind, tmp_path / "two")
    assert parsed(kind, second) == parsed(kind, first)
    if kind != "huggingface":
        assert second == first
    again = import_rows(engine, lived.database, lived.boss, lived.project, rows)
    assert (again.n_tasks, again.n_answers, again.n_known) == (0, 0, done.n_answers)
    assert changed(before, export_project(lived.database, lived.boss, lived.project)) == []


def test_what_was_lived_holds_every_kind_of_row(lived) -> None:
    """The round trip proves nothing where there is nothing to lose."""
    rows = export_project(lived.database, lived.boss, lived.project)
    assert {r["purpose"] for r in rows} == {"work", "gold", "practice"}
    assert {r["cancel_reason"] for r in rows} >= {"skip", None}
    assert {r["state"] for r in rows} == {"open", "done", "disputed"}
    assert any(r["undone_at"] for r in rows) and any(r["is_adjudication"] for r in rows)
    assert any(r["superseded_by"] for r in rows) and any(r["comment"] == NASTY for r in rows)
    assert any(r["unique_id"] is None for r in rows)
    assert {r["review_status"] for r in rows} >= {"none", "rejected"}
    assert set(rows[0]) == set(COLUMNS)


def test_labels_go_to_a_new_home_once(lived, engine, connect, tmp_path) -> None:
    place = Place(tmp_path, lived.database)
    n_labels = flush(place)
    assert n_labels >= 2
    rows = export_project(lived.database, lived.boss, lived.project)
    wipe_project(lived.database, lived.boss, lived.project)
    same = import_rows(engine, lived.database, lived.boss, lived.project, rows)
    assert (same.n_labels, flush(place)) == (0, 0)
    wipe_project(lived.database, lived.boss, lived.project)
    new = import_rows(None, lived.database, lived.boss, lived.project, rows)
    accepted = {r["prediction_id"] for r in rows if r["accepted_source"]}
    assert new.n_labels == len(accepted) == flush(place)
    log = load_dataset(lived.database, "m", place.home).log("labels")
    assert log.n_rows == n_labels + len(accepted)


def test_rows_that_cannot_be_taken_are_named_and_the_others_taken(world) -> None:
    good = {"prediction_id": "a", "unique_id": "x", "annotator": "ann", "answer": "1"}
    bad: list[dict[str, Any]] = [
        {"answer": "1"},
        {**good, "unique_id": "y", "answer": "9"},
        {**good, "unique_id": "z", "lead_time": "soon"},
        {**good, "unique_id": "v", "created_at": "yesterday"},
        {**good, "unique_id": "w", "annotator": None},
        {"prediction_id": "b", "purpose": "gold"},
        {"prediction_id": "c", "was_cancelled": "perhaps"},
        {"prediction_id": "d", "queue": "best"},
        {"prediction_id": "e", "data": "[1]"},
    ]
    done = import_rows(None, world.database, world.boss, world.project, [*bad, good])
    assert [place for place, _why in done.refused] == list(range(len(bad)))
    assert all(why for _place, why in done.refused)
    assert (done.n_tasks, done.n_answers) == (1, 1)
    with world.database.read() as connection:
        (row,) = connection.execute(outbox_table.select()).all()
    assert json.loads(row.row)["label"] == "1"


def test_label_studio_own_files_are_read(world) -> None:
    """As its documentation shows an export: ids are numbers, results are lists."""
    file = [
        {
            "id": 7,
            "data": {"x": 3, "prediction_id": "p7"},
            "created_at": "2026-02-01T10:00:00.000000Z",
            "annotations": [
                {
                    "id": 11,
                    "completed_by": {"id": 1, "email": "ann@example.com"},
                    "result": [
                        {
                            "from_name": "c",
                            "to_name": "t",
                            "type": "choices",
                            "value": {"choices": ["2"]},
                        }
                    ],
                    "was_cancelled": False,
                    "ground_truth": False,
                    "lead_time": 4.2,
                    "created_at": "2026-02-01T10:05:00.000000Z",
                    "parent_prediction": 5,
                }
            ],
            "predictions": [
                {"model_version": "v9", "score": 0.6, "result": [{"value": {"choices": ["1"]}}]}
            ],
        },
        {"id": 8, "data": {"x": 4}, "annotations": [], "predictions": []},
    ]
    rows = read_file("label-studio", json.dumps(file).encode())
    done = import_rows(None, world.database, world.boss, world.project, rows)
    assert (done.n_tasks, done.n_answers, done.refused) == (2, 1, ())
    first, second = export_project(world.database, world.boss, world.project)[::-1]
    assert (first["prediction_id"], first["answer"], first["state"]) == ("p7", "2", "done")
    assert (first["annotator"], first["lead_time"]) == ("ann@example.com", 4.2)
    assert first["data"] == {"x": 3}
    assert first["prediction"] == {"model_version": "v9", "score": 0.6, "prediction": "1"}
    assert first["created_at"] == "2026-02-01T10:05:00"
    assert (second["prediction_id"], second["unique_id"]) == ("8", None)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("jsonl", b'{"a": 1'),
        ("jsonl", b"[1]\n"),
        ("csv", b"x,y\n1,2\n"),
        ("csv", b"\xff\xfe\x00"),
        ("label-studio", b"{}"),
        ("label-studio", b'[{"data": {}}]'),
        ("label-studio", b"[1]"),
    ],
)
def test_other_files_are_refused_in_words(kind: str, content: bytes) -> None:
    with pytest.raises(FileUnreadable, match=r"no|cannot"):
        read_file(kind, content)


def test_unknown_formats_and_rights(world, tmp_path) -> None:
    project = get_project(world.database, world.boss, world.project)
    for verb in (lambda: read_file("xml", b""), lambda: write_file("xml", project, [])):
        with pytest.raises(UsageError, match="format"):
            verb()
    with pytest.raises(FileUnreadable):
        read_folder(tmp_path)
    with pytest.raises(AccessDenied):
        export_project(world.database, world.ann, world.project)
    with pytest.raises(AccessDenied):
        import_rows(None, world.database, world.ann, world.project, [])
    with pytest.raises(AccessDenied):
        wipe_project(world.database, world.ann, world.project)


def test_the_data_set_opens_as_hugging_face_says(lived, tmp_path) -> None:
    """The card's YAML names the files, and they are Parquet with typed columns."""
    import duckdb

    setup = get_project(lived.database, lived.boss, lived.project).setup
    guided = replace(setup, guideline={"1": Guide("A stroke.")})
    change_project(lived.database, lived.boss, lived.project, guided)
    export(lived, "huggingface", tmp_path / "set")
    head, _, body = (
        (tmp_path / "set" / "README.md").read_text().removeprefix("---\n").partition("---\n")
    )
    assert "- 1: A stroke." in body
    pattern = next(line.split("path: ")[1] for line in head.splitlines() if "path: " in line)
    rows = export_project(lived.database, lived.boss, lived.project)
    found = duckdb.sql(
        f"SELECT count(*), avg(lead_time) FROM '{tmp_path / 'set' / pattern}'"
    ).fetchall()[0]
    times = [r["lead_time"] for r in rows if r["lead_time"] is not None]
    assert found == (len(rows), pytest.approx(sum(times) / len(times)))
    assert "- n<1K" in head and "- tabular-classification" in head


text = st.text(max_size=12).filter(lambda s: "\x00" not in s)


@given(
    st.lists(
        st.tuples(text, text.filter(bool), st.floats(allow_nan=False, allow_infinity=False), text),
        max_size=5,
    )
)
def test_any_text_survives_csv(rows: list[Any]) -> None:
    """Formulas, quotes, line ends, apostrophes: what is written is read."""
    from datetime import datetime

    from app.labelling.rows import DEFAULTS
    from app.state.labels import Setup

    given = [
        {
            **DEFAULTS,
            "prediction_id": number,
            "comment": comment,
            "lead_time": seconds,
            "slice": place or None,
            "data": {comment: [number]},
        }
        for comment, number, seconds, place in rows
    ]
    now = datetime(2026, 1, 1)
    project = Project(1, "m", Setup("?"), 1, "open", "boss", now, now)
    found = read_file("csv", write_file("csv", project, given))
    for one, other in zip(found, given, strict=True):
        assert (one["prediction_id"], one["comment"]) == (other["prediction_id"], other["comment"])
        assert one["slice"] == other["slice"]
        assert float(one["lead_time"]) == other["lead_time"]
        assert json.loads(one["data"]) == other["data"]
        assert {one[name] for name in FLAGS} == {"false"}
    written = write_file("csv", project, given).decode()
    assert not any(line.startswith(("=", "+", "@")) for line in written.split("\r\n"))


def test_an_item_of_the_feedback_page_needs_no_more_than_an_id(world) -> None:
    added = add_tasks(world.database, world.boss, world.project, [Item("p1", queue="disagreement")])
    assert added.n == 1
    with world.database.read() as connection:
        assert connection.execute(annotation_table.select()).all() == []
