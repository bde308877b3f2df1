"""Review with small logs: disputes are settled, people are measured, set-up takes no typing, queues fill."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from analytics.errors import AccessDenied
from app.auth.passwords import hash_password
from app.auth.viewer import Viewer, operator
from app.cli import main
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.labelling.answer import Answer, give_answers
from app.labelling.claim import claim_next
from app.labelling.people import progress
from app.labelling.projects import default_setup, get_project, list_projects, make_project
from app.labelling.review import list_cases
from app.labelling.tasks import Item, add_tasks
from app.settings import settings_in_force
from app.state.database import Database, open_database
from app.state.grants import Grant, add_grant
from app.state.models import get_model
from app.state.users import add_user

N = 40
LOG = "prediction_id,timestamp,prediction,score_a,score_b,score_c,size\n" + "".join(
    f"c{i:02d},2026-01-01T10:00:{i:02d}Z,{'abc'[i % 3]},0.{2 + i % 3},0.3,0.{4 - i % 3},{i}\n"
    for i in range(N)
)
ANN = Viewer("ann", "Ann", "annotator", (Grant("annotator", "*"),))
BO = Viewer("bo", "Bo", "annotator", (Grant("annotator", "*"),))
BOSS = operator("boss")


@pytest.fixture
def model(enter, tmp_path: Path) -> Database:
    """A model without labels, two annotators, looked at by somebody who may do everything."""
    enter(tmp_path, BOSS)
    database = open_database(settings_in_force().database_url)
    path = tmp_path / "letters.csv"
    path.write_text(LOG)
    place = Place(settings_in_force().home, database, "boss", threads=2)
    run_import(place, plan_import(place, [path], ImportOptions(model="letters")))
    for name in ("ann", "bo"):
        with database.write("boss") as write:
            user = add_user(write, name, "annotator", hash_password("a long password"))
            add_grant(write, user, Grant("annotator", "*"))
    return database


@pytest.fixture
def answered(model: Database) -> Callable[[str, str], int]:
    """Ann's and bo's answers to the first items, one letter each; the project's number."""

    def go(ann: str, bo: str) -> int:
        setup = default_setup(get_model(model, "letters"), ("ann", "bo"))
        setup = replace(setup, overlap=2, guard_ms=0, n_practice=0, gold_share=0.0)
        number = make_project(model, BOSS, "letters", setup)
        rows = [Item(f"c{i:02d}", {"size": i}, {"prediction": "c"}) for i in range(len(ann))]
        add_tasks(model, BOSS, number, rows)
        for viewer, said in ((ANN, ann), (BO, bo)):
            cards = claim_next(model, viewer, number, len(said)).cards if said else ()
            answers = [
                Answer(f"{viewer.user}{card.task_id}", card.task_id, letter, lead_time=2.0)
                for card, letter in zip(cards, said, strict=True)
            ]
            give_answers(model, viewer, number, answers)
        return number

    return go


def at(run: Any, tab: str) -> AppTest:
    return run("review", m="letters", tab=tab)


def test_a_dispute_is_settled_with_one_press_and_keeps_what_was_said(
    model, answered, run, texts
) -> None:
    number = answered("aab", "abb")
    app = at(run, "Review")
    assert "**c01**" in texts(app) and "The model said c" in texts(app)
    app.button(key="settle_b").click().run()
    assert not app.exception
    assert "Nobody disagrees." in texts(app) and "b counts from now on" in texts(app)
    settled = [case for case in list_cases(model, BOSS, number, "done") if len(case.answers) == 3]
    assert [a.answer for a in settled[0].answers] == ["a", "b", "b"]
    assert settled[0].task.accepted_label == "b"


def test_a_settled_item_can_be_asked_again(model, answered, run) -> None:
    number = answered("aab", "abb")
    app = at(run, "Review")
    app.button(key="review_again").click().run()
    assert not app.exception and not list_cases(model, BOSS, number, "disputed")


def test_agreement_stands_with_its_interval(answered, run, texts) -> None:
    answered("aabbcc", "aabbca")
    said = texts(at(run, "Agreement"))
    assert "0.833" in said and "Krippendorff" in said and "6 items" in said
    table = at(run, "Agreement").table[0].value
    assert any("ann and bo" in name for name in table["measure"])
    assert (table["95 % interval"] != "").all()


def test_people_are_listed_with_their_work(answered, run) -> None:
    answered("aabb", "aabb")
    table = at(run, "Annotators").table[0].value
    assert list(table["person"]) == ["ann", "bo"] and set(table["answers"]) == {"4"}
    assert set(table["right on gold"]) == {"not enough data"}


def test_one_person_is_looked_at_closer(answered, run, texts) -> None:
    answered("aabbccab", "aabbccba")
    app = at(run, "Annotators")
    app.selectbox(key="person").select("bo").run()
    assert not app.exception, app.exception
    said = texts(app)
    assert "75.0 %" in said and "8 items" in said  # six of eight alike
    assert "6 of 8" in said
    differ = app.table[1].value
    assert sorted(zip(differ["the others say"], differ["bo says"], strict=True)) == [
        ("a", "b"), ("b", "a"),
    ]  # fmt: skip
    assert "2.0 s" in said and "Nothing was skipped" in said


def test_what_a_person_skips_and_flags_is_told_by_queue(answered, run, texts, model) -> None:
    number = answered("aab", "aab")
    add_tasks(model, BOSS, number, [Item("c20", {"size": 1}, {}), Item("c21", {"size": 2}, {})])
    first, second = claim_next(model, ANN, number, 2).cards
    give_answers(
        model, ANN, number,
        [
            Answer("s1", first.task_id, None, action="skip", comment="too dark"),
            Answer("s2", second.task_id, "a", is_flagged=True, comment="two letters"),
        ],
    )  # fmt: skip
    app = at(run, "Annotators")
    assert not app.exception, app.exception
    one_of_five = "20.0 % (3.6 % to 62.4 %, 1 of 5)"  # Wilson's interval
    people = app.table[0].value.set_index("person").replace("\u00a0", " ", regex=True)
    assert list(people.loc["ann", ["skipped", "flagged"]]) == [one_of_five, one_of_five]
    assert people.loc["bo", "skipped"] == "0.0 % (0.0 % to 56.1 %, 0 of 3)"
    assert people.loc["ann", "settled the same way"] == "–"
    queues = app.table[1].value.replace("\u00a0", " ", regex=True)
    assert list(queues["items"]) == ["5"]
    assert list(queues["skipped"]) == list(queues["flagged"]) == [one_of_five]
    assert "too dark" in str(app.table[2].value) and "two letters" in str(app.table[2].value)


def test_without_answers_every_tab_says_so(answered, run, texts) -> None:
    answered("", "")
    for tab, said in {
        "Review": "Nobody disagrees.",
        "Agreement": "No item has two people's answers yet.",
        "Annotators": "Nobody has answered yet.",
        "Suspects": "No label has come yet.",
    }.items():
        assert said in texts(at(run, tab)), tab


def test_setting_up_takes_one_click(model, run, texts) -> None:
    app = run("review", m="letters")
    app.button(key="label_setup_save").click().run()
    assert not app.exception, app.exception
    setup = list_projects(model, BOSS, "letters")[0].setup
    assert setup.classes == ("a", "b", "c") and set(setup.people) >= {"ann", "bo"}
    assert setup.overlap == 1 and setup.question


def test_a_set_up_that_cannot_work_is_explained_and_changes_nothing(model, run, texts) -> None:
    app = run("review", m="letters")
    app.text_input(key="setup_question").set_value(" ")
    app.button(key="label_setup_save").click().run()
    assert "The question is empty." in texts(app)
    assert list_projects(model, BOSS, "letters") == []


def test_a_general_guideline_and_closing(model, answered, run) -> None:
    number = answered("", "")
    app = at(run, "Set-up")
    app.text_area(key="setup_guideline").set_value("In doubt, say unsure.")
    app.button(key="label_setup_save").click().run()
    assert not app.exception, app.exception
    found = list_projects(model, BOSS, "letters")[0]
    assert found.id == number and found.setup.guideline[""].text == "In doubt, say unsure."
    app.button(key="label_state").click().run()
    assert list_projects(model, BOSS, "letters") == []


def test_an_empty_queue_is_filled_with_one_click(model, answered, run, texts) -> None:
    answered("", "")
    app = run("label", m="letters", q="uncertain", mode="native", w="all")
    assert "Rows between two classes" in texts(app)
    app.button(key="fill_go_uncertain").click().run()
    assert not app.exception, app.exception
    assert app.query_params["q"] in ("uncertain", ["uncertain"])
    assert "set up for ann, bo" in texts(app)  # whoever fills a queue need not be one who labels
    assert list_cases(model, BOSS, 1, "gold") == [] and progress(model, BOSS, 1).n_open == N


def test_a_queue_that_cannot_be_filled_is_explained(model, answered, run, texts) -> None:
    answered("", "")
    app = run("label", m="letters", q="misclassified", mode="native", w="all")
    app.button(key="fill_go_misclassified").click().run()
    assert "No row of this window is left to label." in texts(app)


@pytest.mark.parametrize(
    ("kind", "begin"),
    [("jsonl", b'{"'), ("csv", b"prediction_id"), ("label-studio", b"["), ("huggingface", b"PK")],
)
def test_labels_are_taken_away_as_files(model, answered, run, kind: str, begin: bytes) -> None:
    from app.widgets.label.files import export_file

    number = answered("aab", "abb")
    app = at(run, "Files")
    assert not app.exception
    found = export_file("letters", get_project(model, BOSS, number), kind, None)
    assert found.lstrip(b"\xef\xbb\xbf").startswith(begin) and len(found) > 200


def test_the_file_the_screen_and_the_command_hold_the_same_tasks(
    model, answered, run, texts, tmp_path: Path, capsys
) -> None:
    from app.widgets.label.files import export_file

    number = answered("aab", "abb")
    taken = export_file("letters", get_project(model, BOSS, number), "jsonl", None)
    out, home = tmp_path / "said.jsonl", str(settings_in_force().home)
    capsys.readouterr()
    words = ["label", "export", "--model", "letters", "--home", home, "--format", "jsonl"]
    assert main([*words, "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert out.read_bytes() == taken and told["n_rows"] == len(taken.splitlines())
    rows = [json.loads(line) for line in taken.splitlines()]
    app = at(run, "Annotators")
    assert f"of {len({row['prediction_id'] for row in rows})} items are done" in texts(app)
    assert sum(map(int, app.table[0].value["answers"])) == len(rows) == 6


def test_whoever_may_not_export_gets_no_file(model, answered, enter, tmp_path: Path) -> None:
    from app.widgets.label.files import export_file

    project = get_project(model, BOSS, answered("aab", "abb"))
    enter(tmp_path, ANN)
    with pytest.raises(AccessDenied, match="download rows"):
        export_file("letters", project, "jsonl", None)


def test_who_may_not_review_sees_nothing(answered, enter, run, texts, tmp_path: Path) -> None:
    answered("aab", "abb")
    enter(tmp_path, ANN)
    assert "no right to settle disagreements" in texts(run("review", m="letters"))


def test_the_home_of_an_annotator_has_one_button(answered, enter, run, texts, tmp_path) -> None:
    answered("aab", "")
    enter(tmp_path, BO)
    app = run("overview")
    assert "Start labelling (3 left)" in [b.label for b in app.button]
    assert not app.selectbox and "Hello, Bo" in texts(app)
    enter(tmp_path, ANN)
    app = run("overview")
    assert "Nothing is left for you here." in texts(app)


def test_models_whose_labels_arrive_by_themselves_offer_nothing(on_samples, run, texts) -> None:
    said = texts(run("review", m="flight-late"))
    assert "These labels arrive by themselves" in said and "half of the labels within" in said


def test_an_empty_home_says_what_to_do(on_nothing, run, texts) -> None:
    assert "Nothing has been imported." in texts(run("review"))


def test_a_broken_part_is_explained(answered, run, texts) -> None:
    answered("aab", "abb")
    for part in settings_in_force().home.rglob("*.parquet"):
        part.write_bytes(part.read_bytes()[:100])
    said = texts(run("review", m="letters"))
    assert "cannot be read" in said and "Traceback" not in said


def test_the_first_sentence_says_who_disputes_what_and_how_often(
    model, answered, run, texts
) -> None:
    answered("aaab", "abbb")
    app = at(run, "Agreement")
    assert "2 items are disputed, all between ann and bo" in texts(app)
    assert "Most often a against b" in texts(app)
    assert "50.0 % of the 4 items that two people or more answered" in texts(app)
    assert "Settle them" in [b.label for b in app.button]  # not where it is in front already
    app = at(run, "Review")
    assert "Settle them" not in [b.label for b in app.button]
    app.button(key="settle_b").click().run()
    assert "1 item is disputed, between ann and bo" in texts(app)
    assert "2 of 4 items are done" not in texts(app) and "3 of 4 items are done" in texts(app)
