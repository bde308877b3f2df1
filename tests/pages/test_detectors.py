"""River's detectors on the page Monitors: offered where the extra is installed, rehearsed, saved."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from app.charts import Mark
from app.monitors.editing import monitors_of
from app.state.database import Database
from app.state.monitors import add_watch
from app.widgets.monitor_form import SAYS
from app.widgets.saved import say_marks

MODEL = "flight-late"
ROW = {"name": "Rows", "model": MODEL, "question": "performance", "names": ["accuracy"],
       "every": "week"}  # fmt: skip


@pytest.fixture
def on_copy(enter, sample_home: Path, tmp_path: Path) -> Database:
    home = tmp_path / "home"
    shutil.copytree(sample_home, home)
    enter(home)
    database = Database(f"sqlite:///{home / 'telltale.db'}")
    with database.write("test") as write:
        add_watch(write, MODEL, [ROW])
    return database


def rules_box(app):  # type: ignore[no-untyped-def]
    return next(box for box in app.selectbox if box.label == "Fires when it")


def test_one_is_made_with_its_rehearsal(on_copy, run, texts) -> None:
    pytest.importorskip("river")
    app = run("monitors", m=MODEL)
    app.text_input(key=f"mon_{MODEL}_A new one_name").set_value("Watched").run()
    rules_box(app).set_value("page_hinkley").run()
    numbers = next(box for box in app.multiselect if box.label == "Numbers")
    assert numbers.value == ["accuracy"] and "ROC AUC" not in numbers.options
    app.button(key="monitor_save").click().run()
    said = texts(app).replace("\\", "")
    assert "Watched is saved." in said and "It would have fired" in said
    assert "no rate of alarms to set" in said
    kept = next(m for m in monitors_of(on_copy, MODEL) if m.name == "Watched")
    assert (kept.rule, kept.names, kept.n_hold, kept.limit) == (
        "page_hinkley",
        ("accuracy",),
        1,
        None,
    )
    shown = app.dataframe[0].value
    assert shown["condition"].iloc[-1] == "Accuracy by week: Page-Hinkley alarms"


def test_without_the_extra_none_is_offered_and_one_that_stands_says_what_it_lacks(
    on_copy, run, texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "river", None)
    with on_copy.write("test") as write:
        from app.state.monitors import change_policy

        change_policy(write, MODEL, lambda rows: [*rows, ROW | {"name": "Old", "rule": "adwin"}])
    app = run("monitors", m=MODEL)
    assert rules_box(app).options == [SAYS[r] for r in ("change", "above", "below", "promise")]
    app.selectbox(key="monitor_chosen").set_value("Old").run()
    assert rules_box(app).value == "adwin"  # what stands is not changed unasked
    app.button(key="monitor_try").click().run()
    said = texts(app).replace("\\", "")
    assert "needs the package river" in said and "drift-detectors" in said


def test_a_note_with_a_triangle_in_its_words_is_no_incident() -> None:
    from datetime import datetime

    moment = datetime(2026, 1, 5)
    assert say_marks([Mark(moment, "▲ retrained"), Mark(moment, "v2 begins", "version")]) == ""
    assert "an incident" in say_marks([Mark(moment, "▲7", "incident")])
