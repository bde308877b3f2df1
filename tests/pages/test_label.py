"""Label with small logs of its own: every kind of answer, every queue, hidden predictions, and what is not there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.auth.passwords import hash_password
from app.auth.viewer import Viewer, operator
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.labelling.projects import default_setup, get_project, leave_note, make_project
from app.labelling.review import ratings
from app.labelling.tasks import Item, add_tasks
from app.settings import settings_in_force
from app.state.database import Database, open_database
from app.state.grants import Grant, add_grant
from app.state.labels import Guide, Setup
from app.state.models import get_model
from app.state.users import add_user

N = 12
BINARY = "prediction_id,timestamp,prediction,score,age,note\n" + "".join(
    f"p{i},2026-01-{i + 1:02d}T10:00:00Z,{i % 2},0.8{i}51,{20 + i},seen {i}\n" for i in range(N)
)
NUMBERS = "prediction_id,prediction,size\n" + "".join(
    f"r{i:02d},{98765 + i},{i}\n" for i in range(N)
)
TOWNS = [f"town {chr(97 + i)}" for i in range(14)]
WIDE = "prediction_id,prediction,size\n" + "".join(
    f"w{i:02d},{TOWNS[i]},{i}\n" for i in range(len(TOWNS))
)
ANN = Viewer("ann", "Ann", "annotator", (Grant("annotator", "*"),))


@pytest.fixture
def project(enter, tmp_path: Path) -> Callable[..., tuple[Database, int]]:
    """Import a text, set labelling up for ann, and fill its queue; then be ann."""

    def go(text: str, model: str = "loan", **changes: Any) -> tuple[Database, int]:
        enter(tmp_path)
        database = open_database(settings_in_force().database_url)
        path = tmp_path / f"{model}.csv"
        path.write_text(text)
        place = Place(settings_in_force().home, database, "boss", threads=2)
        run_import(place, plan_import(place, [path], ImportOptions(model=model)))
        for name in ("ann", "bo"):
            with database.write("boss") as write:
                user = add_user(write, name, "annotator", hash_password("a long password"))
                add_grant(write, user, Grant("annotator", "*"))
        setup = replace(default_setup(get_model(database, model)), guard_ms=0, n_practice=0)
        number = make_project(database, operator("boss"), model, replace(setup, **changes))
        add_tasks(database, operator("boss"), number, list(items(text)))
        enter(tmp_path, ANN)
        return database, number

    return go


def items(text: str) -> list[Item]:
    head, *lines = [line.split(",") for line in text.splitlines()]
    found = []
    for line in lines:
        row = dict(zip(head, line, strict=True))
        prediction = {"prediction": row["prediction"], "score": float(row.get("score", 0.5))}
        data = {k: v for k, v in row.items() if k in ("age", "note", "size")}
        found.append(Item(row["prediction_id"], data, prediction, "v1", "uncertain", "margin 0.03"))
    return found


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception, app.exception
    return app


def given(database: Database, number: int) -> list[str]:
    return [answer for _task, _person, answer in ratings(database, operator("boss"), number)]


def test_one_press_answers_and_brings_the_next_card(project, run, texts) -> None:
    database, number = project(BINARY)
    app = run("label", m="loan", mode="native")
    assert "p0" in texts(app) and "margin 0.03" in texts(app) and "0/12 today" in texts(app)
    press(app, "answer_1")
    assert "p1" in texts(app) and "1/12 today" in texts(app)
    press(app, "label_skip")
    press(app, "answer_0")
    assert given(database, number) == ["1", "0"]


def test_the_prediction_is_told_after_the_answer_and_not_before(project, run, texts) -> None:
    project(NUMBERS, "price")
    app = run("label", m="price", mode="native")
    assert "98765" not in str(app) and "98765" not in texts(app)
    app.number_input[0].set_value(12.5)
    app.button(key="FormSubmitter:label_form_1-Save").click().run()
    assert not app.exception
    assert "98765" in texts(app) and "98766" not in str(app)


def test_a_number_is_kept_as_it_was_typed(project, run) -> None:
    database, number = project(NUMBERS, "price")
    app = run("label", m="price", mode="native")
    app.number_input[0].set_value(-12.75)
    app.button(key="FormSubmitter:label_form_1-Save").click().run()
    assert given(database, number) == ["-12.75"]


def test_many_classes_are_typed_and_the_recent_ones_are_keys(project, run) -> None:
    database, number = project(WIDE, "where")
    app = run("label", m="where", mode="native")
    assert len([b for b in app.button if str(b.key).startswith("answer_")]) == 9
    app.selectbox(key="label_pick_1").set_value("town n").run()
    assert not app.exception
    press(app, "answer_town n")
    assert given(database, number) == ["town n", "town n"]


def test_undo_brings_the_card_back_first_twenty_deep_and_after_a_reload(
    project, run, texts
) -> None:
    database, number = project(BINARY)
    app = run("label", m="loan", mode="native")
    for _ in range(3):
        press(app, "answer_1")
    app = run("label", m="loan", mode="native")
    press(app, "label_undo")
    assert "**p2**" in texts(app) and "2/12 today" in texts(app)
    press(app, "label_undo")
    assert "**p1**" in texts(app) and given(database, number) == ["1"]


def test_a_key_that_came_too_fast_is_refused_aloud(project, run, texts) -> None:
    database, number = project(BINARY, guard_ms=10_000)
    app = press(run("label", m="loan", mode="native"), "answer_1")
    assert "The card was seen for" in texts(app) and "**p0**" in texts(app)
    assert given(database, number) == []


def test_guidelines_are_at_hand(project, run, texts) -> None:
    project(BINARY, guideline={"1": Guide("Paid in full", ("all rates came",))})
    app = run("label", m="loan", mode="native")
    assert "Paid in full" not in texts(app)
    press(app, "label_guide_button")
    assert "Paid in full" in texts(app) and "all rates came" in texts(app)


def test_items_of_others_are_said_to_be_held(project, run, texts) -> None:
    from app.labelling.claim import claim_next

    database, number = project(BINARY)
    bo = Viewer("bo", "Bo", "annotator", (Grant("annotator", "*"),))
    claim_next(database, bo, number, N)
    assert "12 items are held by bo until" in texts(run("label", m="loan", mode="native"))


def test_a_queue_in_the_link_is_the_one_that_is_drawn(project, run, texts) -> None:
    project(BINARY)
    app = run("label", m="loan", mode="native", q="diverse")
    assert "Nothing is left for you in the queue Diverse" in texts(app)
    assert "**p0**" in texts(run("label", m="loan", mode="native", q="uncertain"))
    press(run("label", m="loan", mode="native"), "label_skip")
    assert "**p0**" in texts(run("label", m="loan", mode="native", q="skipped"))


def test_the_fast_desk_is_handed_cards_without_predictions(project, run, monkeypatch) -> None:
    from app.widgets.label import fast

    handed: list[dict[str, Any]] = []
    monkeypatch.setattr(fast, "component", lambda **given: handed.append(given["data"]))
    project(NUMBERS, "price", guard_ms=250)
    run("label", m="price", mode="fast")
    assert [card["name"] for card in handed[-1]["cards"]] == [f"r{i:02d}" for i in range(N)]
    assert "9876" not in str(handed)


def test_an_outbox_sent_again_is_stored_once(project, run, monkeypatch) -> None:
    from app.widgets.label import fast
    from app.widgets.label.desk import LabelDesk
    from app.widgets.label.form import form_of

    database, number = project(BINARY)
    state: dict[str, Any] = {}
    monkeypatch.setattr(fast.st, "session_state", state)
    found = get_project(database, ANN, number)
    desk = LabelDesk(ANN, found, None, form_of(found, {}))  # type: ignore[arg-type]
    monkeypatch.setattr(LabelDesk, "database", database)
    press = [
        {"id": f"u{i}", "seq": i, "kind": "answer", "task": i, "value": "1", "lead_ms": 400}
        for i in (1, 2, 3)
    ]
    fast.take_outbox(desk, {"client": "a", "items": press[:2]})
    assert state["label_acked"] == {"client": "a", "seq": 2}
    fast.take_outbox(desk, {"client": "a", "items": press})
    state.clear()  # the server was started again
    fast.take_outbox(desk, {"client": "a", "items": press})
    assert state["label_acked"]["seq"] == 3 and given(database, number) == ["1"] * 3
    bad = {"id": "u9", "seq": 4, "kind": "answer", "task": 999, "value": "1", "lead_ms": 400}
    good = {"id": "u10", "seq": 5, "kind": "answer", "task": 4, "value": "0", "lead_ms": 400}
    fast.take_outbox(desk, {"client": "a", "items": [bad, good]})
    assert state["label_acked"]["seq"] == 5 and given(database, number) == ["1", "1", "1", "0"]
    assert "no task 999" in state["label_outcomes"][-2].problem
    back = {"id": "u11", "seq": 6, "kind": "undo", "of": "u10", "task": 4}
    fast.take_outbox(desk, {"client": "a", "items": [back]})
    state.clear()
    fast.take_outbox(desk, {"client": "a", "items": [back]})  # once more takes nothing else back
    assert given(database, number) == ["1"] * 3


def test_a_link_to_one_prediction_puts_its_card_first(project, run, texts) -> None:
    database, number = project(BINARY)
    app = run("label", m="loan", mode="native", item="p7")
    assert "**p7**" in texts(app)
    press(app, "answer_1")
    assert "**p0**" in texts(app) and given(database, number) == ["1"]


def test_a_prediction_outside_of_the_queues_is_brought_by_who_may(
    project, enter, run, texts, tmp_path: Path
) -> None:
    project(BINARY)
    enter(tmp_path, operator("ann"))
    explore = run("explore", m="loan", w="all", id="p3")
    assert "Label this" in [link.label for link in explore.get("page_link")]
    assert "**p3**" in texts(run("label", m="loan", mode="native", item="p3"))
    said = texts(run("label", m="loan", mode="native", item="nobody"))
    assert "**p3**" in said  # it is held; the one of the link does not exist


def test_a_note_is_handed_over(project, run, texts) -> None:
    database, number = project(BINARY)
    leave_note(database, ANN, number, "The blurred ones are left for you.")
    assert "The blurred ones are left for you." in texts(run("label", m="loan", mode="native"))


def test_without_a_project_it_says_so(on_samples, run, texts) -> None:
    said = texts(run("label", m="digit-reader"))
    assert "Labelling is not set up for this model yet." in said


def test_labels_that_arrive_by_themselves_are_nobodys_work(on_samples, run, texts) -> None:
    said = texts(run("label", m="flight-late"))
    assert "These labels arrive by themselves" in said
    assert not any("Set up" in str(b.label) for b in run("label", m="flight-late").button)


def test_an_empty_home_says_what_to_do(on_nothing, run, texts) -> None:
    assert "Nothing has been imported." in texts(run("label"))


def test_a_broken_part_is_explained(project, run, texts) -> None:
    project(BINARY)
    for part in settings_in_force().home.rglob("*.parquet"):
        part.write_bytes(part.read_bytes()[:100])
    said = texts(run("label", m="loan", mode="native"))
    assert "cannot be read" in said and "Traceback" not in said


def test_who_may_not_label_sees_no_card(project, enter, run, texts, tmp_path: Path) -> None:
    project(BINARY)
    enter(tmp_path, Viewer("eve", "Eve", "viewer", (Grant("viewer", "*"),)))
    assert "no right to label" in texts(run("label", m="loan"))


def test_sensitive_columns_stand_on_no_card(project, run, texts, monkeypatch) -> None:
    from app.state.models import mark_sensitive

    database, _ = project(BINARY)
    app = run("label", m="loan", mode="native")
    assert any("age" in table.value.index for table in app.table)
    with database.write("boss") as write:
        mark_sensitive(write, "loan", ["age"])
    app = run("label", m="loan", mode="native")
    assert all("age" not in table.value.index for table in app.table)


def test_the_setup_that_is_offered_needs_no_typing(project) -> None:
    database, number = project(BINARY)
    setup: Setup = get_project(database, operator("boss"), number).setup
    assert setup.question and setup.classes == ("0", "1")
