"""Queues from real logs: the right rows, their chances kept, and none where the truth arrives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from analytics.errors import LogEmpty, UsageError
from app.ask import Desk
from app.auth.demo import create_demo_users
from app.auth.viewer import operator
from app.ingest.outbox import flush
from app.ingest.samples import SAMPLES, import_samples
from app.ingest.words import Place
from app.labelling.answer import Answer, give_answers
from app.labelling.arrival import arrival, write_span
from app.labelling.choose import Wanted, fill_gold, fill_queue, plain
from app.labelling.claim import claim_next
from app.labelling.complete import complete_tasks
from app.labelling.demo import make_demo_project
from app.labelling.projects import default_setup, list_projects, make_project
from app.labelling.tasks import Item, add_tasks
from app.questions import Asked, clock
from app.settings import read_settings
from app.state.labels import task_table
from app.state.models import get_model
from app.state.outbox import put

BOSS = operator()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    settings = read_settings(home=str(tmp_path_factory.mktemp("home")), demo=True)
    with Desk(settings) as found:
        import_samples(settings.home, found.database)
        create_demo_users(found.database)
        yield found


@pytest.fixture(scope="module")
def logged() -> dict[str, dict[str, Any]]:
    rows = pq.read_table(SAMPLES / "digit-reader" / "predictions.parquet").to_pylist()
    return {row["prediction_id"]: row for row in rows}


@pytest.fixture(scope="module")
def labels() -> dict[str, str]:
    rows = pq.read_table(SAMPLES / "digit-reader" / "labels.parquet").to_pylist()
    return {row["prediction_id"]: row["label"] for row in rows}


@pytest.fixture
def project(desk: Desk) -> int:
    setup = default_setup(get_model(desk.database, "digit-reader"), ("annotator",))
    return make_project(desk.database, BOSS, "digit-reader", setup)


def fill(desk: Desk, project: int, queue: str, n: int, **asked: Any) -> list[Any]:
    wanted = Wanted(queue, n, Asked(**asked), seed=3)
    fill_queue(desk.engine, desk.database, BOSS, project, wanted)
    return tasks(desk, project)


def tasks(desk: Desk, project: int) -> list[Any]:
    mine = task_table.select().where(task_table.c.project_id == project)
    with desk.database.read() as connection:
        return list(connection.execute(mine.order_by(task_table.c.priority)).all())


def test_uncertain_rows_have_the_smallest_margins(desk: Desk, project: int, logged, labels) -> None:
    margins = {}
    for number, row in logged.items():
        if number not in labels:
            scores = sorted((row[f"score_{i}"] for i in range(10)), reverse=True)
            margins[number] = scores[0] - scores[1]
    found = fill(desk, project, "uncertain", 50)
    hard = [task for task in found if task.sampling_p is None]
    assert len(found) == 50 and len(hard) == 45
    drawn = {task.prediction_id for task in found} - {task.prediction_id for task in hard}
    closest = [i for i in sorted(margins, key=margins.__getitem__) if i not in drawn]
    assert {t.prediction_id for t in hard} == set(closest[:45])
    assert {t.sampling_p for t in found} == {None, 5 / len(margins)}
    one = found[0]
    row = logged[one.prediction_id]
    data, said = json.loads(one.data), json.loads(one.prediction)
    assert data["pixel_27"] == row["pixel_27"] and set(data) == {
        name for name in row if name.startswith("pixel_")
    } | {"mean_ink", "contrast", "sharpness"}
    assert (said["prediction"], said["model_version"]) == (row["prediction"], "v1")
    assert said["scores"]["3"] == row["score_3"]


def test_misclassified_rows_are_wrong_and_slices_inside(
    desk: Desk, project, logged, labels
) -> None:
    found = fill(desk, project, "misclassified", 30)
    assert all(labels[t.prediction_id] != logged[t.prediction_id]["prediction"] for t in found)
    more = fill(desk, project, "slice", 30, segment="mean_ink < 4.5")[len(found) :]
    assert len(more) == 30
    for task in more:
        assert logged[task.prediction_id]["mean_ink"] < 4.5
        assert task.prediction_id not in labels
        assert (task.slice, task.sampling_p) == ("mean_ink < 4.5", None)


def test_random_and_active_rows_keep_their_chance(desk: Desk, project: int, labels) -> None:
    found = fill(desk, project, "random", 33)
    assert {t.sampling_p for t in found} == {33 / 663}
    more = fill(desk, project, "active", 30)[33:]
    assert all(0 < t.sampling_p < 1 for t in more)
    assert len({t.sampling_p for t in more}) > 20
    assert not {t.prediction_id for t in found} & {t.prediction_id for t in more}


def test_a_window_and_a_segment_narrow_and_a_segment_measures_nothing(
    desk: Desk, project: int, logged
) -> None:
    asked = {"window": "2025-04-07..2025-04-14", "segment": "contrast > 5"}
    for task in fill(desk, project, "random", 10, **asked):
        row = logged[task.prediction_id]
        assert row["timestamp"].date().isoformat() >= "2025-04-07"
        assert row["contrast"] > 5
        assert task.sampling_p is None
    with pytest.raises(LogEmpty):
        fill(desk, project, "random", 10, window="2030-01-01..")


def test_what_users_said_makes_a_queue(desk: Desk, project: int, logged, labels) -> None:
    with pytest.raises(UsageError, match="feedback"):
        fill(desk, project, "disagreement", 5)
    open_rows = [number for number in logged if number not in labels]
    wrong, right = open_rows[0], open_rows[1]
    said = logged[wrong]["prediction"]
    other = "3" if said != "3" else "4"
    rows = [
        {"prediction_id": wrong, "key": "correction", "correction": {"label": other}},
        {"prediction_id": right, "correction": json.dumps(logged[right]["prediction"])},
    ]
    with desk.database.write("ann") as write:
        put(write, "digit-reader", "feedback", [{**row, "timestamp": "2025-04-01"} for row in rows])
    flush(Place(desk.settings.home, desk.database))
    found = fill(desk, project, "disagreement", 10)
    hard = [task for task in found if task.sampling_p is None]
    assert [(t.prediction_id, t.reason) for t in hard] == [(wrong, "a user said otherwise")]


def test_a_correction_with_an_id_alone_gets_its_row(desk: Desk, project: int, logged) -> None:
    for number in ("D0003", "nobody"):
        given = [Item(number, queue="disagreement", reason="a user says 7")]
        add_tasks(desk.database, BOSS, project, given)
    assert complete_tasks(desk.engine, desk.database, _annotator(desk), project) == 1
    assert complete_tasks(desk.engine, desk.database, _annotator(desk), project) == 0
    first, second = tasks(desk, project)
    row, said = logged["D0003"], json.loads(first.prediction)
    assert json.loads(first.data)["pixel_27"] == row["pixel_27"]
    assert (said["prediction"], first.model_version) == (row["prediction"], "v1")
    assert (second.data, second.prediction) == ("{}", "{}")


def test_gold_and_practice_are_rows_whose_label_is_known(desk: Desk, project: int, labels) -> None:
    fill_gold(desk.engine, desk.database, BOSS, project, (7, 4))
    found = tasks(desk, project)
    assert sorted(t.purpose for t in found) == ["gold"] * 7 + ["practice"] * 4
    assert all(t.gold_label == labels[t.prediction_id] for t in found)


@pytest.mark.parametrize("model", ["flight-late", "flight-delay"])
def test_where_the_truth_arrives_nobody_is_asked(desk: Desk, model: str) -> None:
    dataset = desk.dataset(model)
    found = arrival(desk.engine, dataset, clock(dataset, desk.now()))
    rows = pq.read_table(
        SAMPLES / model / "predictions.parquet", columns=["timestamp", "prediction_id"]
    )
    known = pq.read_table(SAMPLES / model / "labels.parquet")
    asked_at = dict(
        zip(rows["prediction_id"].to_pylist(), rows["timestamp"].to_pylist(), strict=True)
    )
    delays = sorted(
        (at - asked_at[i]).total_seconds()
        for i, at in zip(
            known["prediction_id"].to_pylist(), known["known_at"].to_pylist(), strict=True
        )
    )
    assert found.is_automatic
    assert found.median_s == pytest.approx(delays[len(delays) // 2], abs=120)
    assert "by itself" in found.sentence and write_span(found.median_s) in found.sentence
    number = make_project(
        desk.database, BOSS, model, default_setup(get_model(desk.database, model))
    )
    with pytest.raises(UsageError, match="needs nobody"):
        fill(desk, number, "random", 5)
    assert tasks(desk, number) == []


def test_labels_asked_for_change_no_delay_and_count_by_chance(desk: Desk, project: int) -> None:
    dataset = desk.dataset("digit-reader")
    before = arrival(desk.engine, dataset, clock(dataset, desk.now()))
    assert not before.is_automatic
    fill(desk, project, "random", 20)
    annotator = _annotator(desk)
    cards = claim_next(desk.database, annotator, project, 20).cards
    answers = [Answer(f"d{c.task_id}", c.task_id, "1", lead_time=1.0) for c in cards]
    assert {o.status for o in give_answers(desk.database, annotator, project, answers)} == {
        "stored"
    }
    _dataset, _question, results = desk.ask(
        "performance", "digit-reader", Asked(names=("accuracy",))
    )
    assert flush(Place(desk.settings.home, desk.database)) == 20
    dataset = desk.dataset("digit-reader")
    after = arrival(desk.engine, dataset, clock(dataset, desk.now()))
    assert (after.median_s, after.p90_s) == (before.median_s, before.p90_s)
    _dataset, _question, weighted = desk.ask(
        "performance", "digit-reader", Asked(names=("accuracy",))
    )
    assert weighted[0].n_labelled == results[0].n_labelled + 20


def _annotator(desk: Desk) -> Any:
    from app.auth.viewer import viewer_of
    from app.state.grants import list_grants
    from app.state.users import get_user

    with desk.database.read() as connection:
        user = get_user(connection, "annotator")
        return viewer_of(user, list_grants(connection, user.id))


def test_the_demo_opens_on_a_project_that_is_ready_once(tmp_path: Path) -> None:
    settings = read_settings(home=str(tmp_path), demo=True)
    only = tmp_path / "samples"
    only.mkdir()
    (only / "digit-reader").symlink_to(SAMPLES / "digit-reader")
    text = (SAMPLES / "sample.toml").read_text()
    (only / "sample.toml").write_text(text[text.index('["digit-reader"]') :])
    with Desk(settings) as desk:
        assert make_demo_project(settings, desk.database) is None
        import_samples(settings.home, desk.database, only)
        create_demo_users(desk.database)
        number = make_demo_project(settings, desk.database)
        assert number is not None
        assert make_demo_project(settings, desk.database) is None
        annotator = _annotator(desk)
        (found,) = list_projects(desk.database, annotator)
        assert (found.id, found.setup.people) == (number, ("scientist", "annotator"))
        purposes = [task.purpose for task in tasks(desk, number)]
        assert {p: purposes.count(p) for p in set(purposes)} == {
            "work": 200,
            "gold": 20,
            "practice": 10,
        }
        cards = claim_next(desk.database, annotator, number, 20).cards
        assert [card.is_practice for card in cards] == [True] * 10


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("7", "7"),
        ('"7"', "7"),
        ("7.0", "7"),
        ("{}", None),
        ('{"value": 2.5}', "2.5"),
        ("cat", "cat"),
    ],
)
def test_a_correction_is_one_value(text: str, label: str | None) -> None:
    assert plain(text) == label
