"""The page Feedback on the sample logs, in an empty home, on a broken log, and for who may not."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.auth.viewer import Viewer, operator
from app.cli import main
from app.feedback.files import export
from app.settings import settings_in_force
from app.state.audit import list_entries
from app.state.database import Database, open_database
from app.state.feedback import Given, read_item, receive
from app.state.grants import Grant
from app.state.inbox import Filter, count_items, list_items
from app.state.models import find_model
from app.state.triage import thread_of

Run = Callable[..., AppTest]
MODEL = "flight-late"


@pytest.fixture
def on_copy(enter, sample_home: Path, tmp_path: Path) -> Database:  # type: ignore[no-untyped-def]
    """The sample logs in a home of their own, so that a test may change what is there."""
    shutil.copytree(sample_home, tmp_path / "home")
    enter(tmp_path / "home")
    return open_database(settings_in_force().database_url)


def newest(database: Database, n: int = 1) -> list[str]:
    return [item.id for item in list_items(database, Filter(MODEL), 0, n)]


def press(app: AppTest, letter: str) -> AppTest:
    app.button(key=f"key_{letter}").click().run()
    assert not app.exception, app.exception
    return app


def test_the_page_speaks_and_shows_the_newest_item(on_samples: None, run: Run, texts) -> None:  # type: ignore[no-untyped-def]
    app = run("feedback", m=MODEL)
    said = texts(app)
    assert "judgements are negative" in said
    assert "simulated" in said
    assert "235 items" in said
    assert len(app.dataframe[0].value) == 50


def test_the_files_the_screen_and_the_command_count_the_same_items(
    on_copy: Database, run: Run, texts, tmp_path: Path, capsys
) -> None:  # type: ignore[no-untyped-def]
    app = run("feedback", m=MODEL)
    table, lines = (
        export(on_copy, operator("ann"), Filter(MODEL), kind).decode() for kind in ("csv", "jsonl")
    )
    rows = list(csv.DictReader(io.StringIO(table)))
    assert f"{len(rows)} items" in texts(app)
    assert [row["id"] for row in rows] == [json.loads(x)["id"] for x in lines.splitlines()]
    home = str(tmp_path / "home")
    assert main(["feedback", "list", "--model", MODEL, "--home", home, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == len(rows)


@pytest.mark.parametrize("tab", ["Trends", "The week"])
def test_the_other_tabs(on_samples: None, run: Run, texts, tab: str) -> None:  # type: ignore[no-untyped-def]
    app = run("feedback", m=MODEL)
    app.session_state["below"] = tab
    app.run()
    assert not app.exception
    said = texts(app)
    assert ("Negative share by month" if tab == "Trends" else "week to 1 January 2014") in said


def test_keys_do_the_work_and_take_it_back(on_copy: Database, run: Run) -> None:
    first, second, third = newest(on_copy, 3)
    app = press(run("feedback", m=MODEL), "a")
    who = read_item(on_copy, first).assignee
    assert who == "ann"
    press(app, "e")
    assert read_item(on_copy, first).status == "resolved"
    assert app.query_params["item"] in (second, [second])
    press(app, "x")
    assert read_item(on_copy, second).status == "spam"
    assert app.query_params["item"] in (third, [third])
    press(app, "z")
    assert read_item(on_copy, second).status == "new"
    press(press(app, "z"), "z")
    assert read_item(on_copy, first).assignee is None
    assert [e.is_undone for e in thread_of(on_copy, first)] == [True, True]
    press(press(app, "j"), "k")


def test_a_note_is_kept_as_text(on_copy: Database, run: Run, texts) -> None:  # type: ignore[no-untyped-def]
    (first,) = newest(on_copy)
    app = press(run("feedback", m=MODEL), "n")
    app.text_area(key="note_text").set_value("<script>alert(1)</script> **bold**")
    app.button(key="FormSubmitter:note-Keep the note").click().run()
    assert [e.text for e in thread_of(on_copy, first)] == ["<script>alert(1)</script> **bold**"]
    assert "<script>alert(1)</script> **bold**" in [t.value for t in app.text]


def test_what_users_say_is_text_and_never_markup(on_copy: Database, run: Run, texts) -> None:  # type: ignore[no-untyped-def]
    evil = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) $$x$$ :red[y]"
    with on_copy.write("test") as write:
        assert find_model(write.connection, MODEL) is not None
        said = Given(evil, "F1", value=evil, correction=evil, comment=evil, user_id=evil)
        item, _new = receive(write, MODEL, said)
    app = run("feedback", m=MODEL, item=item.id)
    assert evil in [t.value for t in app.text]
    drawn = texts(app)
    assert "<img" not in drawn.replace("\\<img", "")
    assert "[x](javascript" not in drawn
    assert not any(m.allow_html for m in app.markdown)


def test_a_correction_goes_to_the_labels_once(on_copy: Database, run: Run) -> None:
    corrected = next(i for i in list_items(on_copy, Filter(MODEL), 0, 300) if i.correction == "1")
    app = press(run("feedback", m=MODEL, item=corrected.id), "l")
    assert read_item(on_copy, corrected.id).label_sent_at is not None
    press(app, "z")
    assert read_item(on_copy, corrected.id).label_sent_at is None


def test_an_unlinked_item_says_so(on_copy: Database, run: Run, texts) -> None:  # type: ignore[no-untyped-def]
    with on_copy.write("test") as write:
        item, _new = receive(write, MODEL, Given("thumbs", "not-logged-yet", score=0.0))
    assert "is not in the log yet" in texts(run("feedback", m=MODEL, item=item.id))


def test_who_opens_an_item_opens_a_prediction(on_copy: Database, run: Run) -> None:
    before = len(list_entries(on_copy, object_type="prediction"))
    run("feedback", m=MODEL).run()
    assert len(list_entries(on_copy, object_type="prediction")) == before + 1


def test_an_empty_home_and_a_model_without_feedback(on_nothing: None, run: Run, texts) -> None:  # type: ignore[no-untyped-def]
    assert "No model yet" in texts(run("feedback"))


def test_a_model_nobody_spoke_about(on_samples: None, run: Run, texts) -> None:  # type: ignore[no-untyped-def]
    said = texts(run("feedback", m="digit-reader"))
    assert "Nobody has said anything yet" in said
    assert "No feedback here" in said


def test_a_broken_log_is_a_sentence(on_broken: None, run: Run, texts) -> None:  # type: ignore[no-untyped-def]
    said = texts(run("feedback", m=MODEL))
    assert "▲" in said or "cannot be read" in said


def test_without_the_right_nothing_is_shown(enter, sample_home: Path, run: Run, texts) -> None:  # type: ignore[no-untyped-def]
    enter(sample_home, Viewer("vic", "Vic", "viewer", (Grant("viewer", "*"),)))
    said = texts(run("feedback", m=MODEL))
    assert "no right to read and answer feedback" in said
    assert "items" not in said


def test_a_product_owner_works_here_and_sees_no_sensitive_column(
    enter,
    sample_home: Path,
    run: Run,
    texts,  # type: ignore[no-untyped-def]
) -> None:
    enter(sample_home, Viewer("po", "Po", "product_owner", (Grant("product_owner", MODEL),)))
    assert "judgements are negative" in texts(run("feedback", m=MODEL))


def test_filters_narrow_the_list(on_samples: None, run: Run) -> None:
    app = run("feedback", m=MODEL)
    app.toggle(key="inbox_bad").set_value(True).run()
    n = count_items(
        open_database(settings_in_force().database_url), Filter(MODEL, is_negative_only=True)
    )
    assert any(f"{n} items" in c.value for c in app.caption)
    app.segmented_control(key="inbox_who").set_value("mine").run()
    assert "No feedback here" in "".join(m.value for m in app.markdown)


@pytest.mark.parametrize(
    ("page", "target", "more"),
    [
        ("explore", "prediction", {"id": "F110926"}),
        ("feedback", "chart", {}),
    ],
)
def test_a_comment_beside_a_prediction_or_a_chart_stands_in_the_inbox(
    on_copy: Database, run: Run, page: str, target: str, more: dict[str, str]
) -> None:
    app = run(page, m=MODEL, **more)
    if page == "feedback":
        app.session_state["below"] = "Trends"
    target_id = more.get("id", "feedback_rate")
    key = f"comment_{target}_{target_id}"
    app.session_state[key] = True
    app.run()
    app.text_area(key=f"{key}_text").set_value("<i>odd</i>")
    app.button(key=f"{key}_send").click().run()
    assert not app.exception
    item = list_items(on_copy, Filter(MODEL), 0, 1)[0]
    assert (item.comment, item.source, item.target_type) == ("<i>odd</i>", "dashboard", target)
    assert (item.prediction_id or item.target_id) == target_id
    assert item.url_params["m"] == MODEL


def test_a_resolved_item_names_what_fixed_it_and_how_its_row_stands_now(
    on_copy: Database,
    run: Run,
    texts,  # type: ignore[no-untyped-def]
) -> None:
    old = next(i for i in reversed(list_items(on_copy, Filter(MODEL), 0, 300)))
    app = run("feedback", m=MODEL, item=old.id)  # opening it links it to its version
    app.run()
    press(app, "e")
    done = read_item(on_copy, old.id)
    assert (done.model_version, done.fixed_by) == ("v1", "version v2")
    said = texts(run("feedback", m=MODEL, item=old.id))
    assert "fixed by version v2" in said
    assert "This row, as its version answered it: " in said
    assert "version v1\\: " in said and "version v2\\: " in said
