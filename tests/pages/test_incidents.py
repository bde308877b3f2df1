"""Incidents on samples, before any run, on an empty home and on a broken log."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest

from analytics.errors import AccessDenied
from app.ask import Desk
from app.auth.viewer import Viewer, operator
from app.cli import main
from app.monitors.editing import monitors_of
from app.monitors.files import export_incidents
from app.monitors.policies import write_policy
from app.monitors.watching import run_watch, watch_new
from app.settings import read_settings, settings_in_force
from app.state.database import Database
from app.state.grants import Grant
from app.state.incidents import count_unread, list_cases, list_silences
from app.state.joins import join
from app.state.maintenance import list_maintenance
from app.state.monitors import add_event, claim_watch, hurry, watched

MODEL = "flight-late"


@pytest.fixture(scope="session")
def watched_home(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample logs after the worker's first look."""
    home = tmp_path_factory.mktemp("watched") / "home"
    shutil.copytree(sample_home, home)
    with Desk(read_settings(home=str(home))) as desk:
        watch_new(desk, desk.database)
        for name in watched(desk.database):
            with desk.database.write("test") as write:
                hurry(write, name)
        while claim := claim_watch(desk.database):
            assert run_watch(desk, desk.database, claim)
    return home


@pytest.fixture
def on_watched(enter, watched_home: Path, tmp_path: Path) -> Database:
    home = tmp_path / "home"
    shutil.copytree(watched_home, home)
    enter(home)
    return Database(f"sqlite:///{home / 'telltale.db'}")


def number_of(database: Database, start: str, kind: str = "harm") -> int:
    cases = list_cases(database, [MODEL])
    return next(
        c.id for c in cases if c.found.kind == kind and str(c.found.started).startswith(start)
    )


def test_the_list_says_what_is_open_what_is_over_and_what_is_harmless(
    on_watched, run, texts
) -> None:
    said = texts(run("incidents", m=MODEL))
    assert [w in said for w in ("Needs attention", "Over", "Drifted, harmless")] == [True] * 3
    assert "are missing in 52.4 % of rows" in said
    assert "ROC AUC fell to 0.605, from 0.714" in said
    assert "Version v2 answered 100.0 % of the rows when it began" in said
    assert said.index("Drifted, harmless") < said.index(
        "temp and 6 more moved, and the metric held"
    )


def test_the_file_the_screen_and_the_command_hold_the_same_incidents(
    on_watched, run, texts, capsys
) -> None:
    app = run("incidents", m=MODEL)
    said = texts(app).replace("\\", "")
    rows = list(
        csv.DictReader(io.StringIO(export_incidents(on_watched, operator("ann"), MODEL).decode()))
    )
    shown = [int(b.label.split()[1]) for b in app.button if re.fullmatch(r"Incident \d+", b.label)]
    assert sorted(shown) == sorted(int(row["id"]) for row in rows) and len(rows) >= 5
    assert all(row["title"] in said and row["sentence"] in said for row in rows)
    assert (
        main(["incidents", "--model", MODEL, "--home", str(settings_in_force().home), "--json"])
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["n"] == len(rows)
    as_text = [{k: "" if v is None else str(v) for k, v in r.items()} for r in told["incidents"]]
    assert as_text == rows


def test_who_may_not_export_gets_no_file_of_incidents(on_watched) -> None:
    vic = Viewer("vic", "Vic", "viewer", (Grant("viewer", MODEL),))
    if vic.may("export", MODEL):
        assert export_incidents(on_watched, vic, MODEL)
    with pytest.raises(AccessDenied):
        export_incidents(on_watched, Viewer("zoe", "Zoe", "viewer", ()), MODEL)


def test_the_file_of_monitors_is_the_table_and_what_check_reads(
    on_watched, run, capsys, tmp_path: Path
) -> None:
    table = run("monitors", m=MODEL).dataframe[0].value
    policy = tmp_path / "policy.toml"
    policy.write_text(write_policy(monitors_of(on_watched, MODEL)))
    main(["check", str(policy), "--home", str(settings_in_force().home), "--json"])
    told = json.loads(capsys.readouterr().out)["monitors"]
    assert [m["name"] for m in told] == list(table["monitor"])
    assert [m["state"] for m in told] == [state.split()[-1] for state in table["state"]]


def test_one_incident_shows_its_evidence_rows_and_links(on_watched, run, texts) -> None:
    number = number_of(on_watched, "2013-09")
    app = run("incidents", m=MODEL, incident=str(number))
    said = texts(app)
    assert "from 16 September to 8 December 2013" in said
    assert "Tinted" in said and "was raised" in said
    assert len(app.get("plotly_chart")) == 1
    assert "rows on which the model was wrong" in said
    assert len(app.dataframe[0].value) == 8
    assert app.button(key="step_explore").label == "Open its rows"


def test_people_look_after_it(on_watched, run, texts) -> None:
    number = number_of(on_watched, "2014-01", "data")
    app = run("incidents", m=MODEL, incident=str(number))
    app.button(key="care_ack").click().run()
    app.text_area(key="care_text").set_value("the feed was off").run()
    app.button(key="care_say").click().run()
    app.text_input(key="care_who").set_value("nobody-here").run()
    app.button(key="care_give").click().run()
    assert not app.exception
    said = texts(app).replace("\\", "")
    assert "ann acknowledged" in said and "ann said: the feed was off" in said
    assert "There is no user" in said
    (case,) = (c for c in list_cases(on_watched, [MODEL]) if c.id == number)
    assert (case.acknowledged_by, case.assigned_to) == ("ann", None)


def test_what_was_joined_keeps_its_story_and_leads_to_the_whole(on_watched, run, texts) -> None:
    into, other = number_of(on_watched, "2013-09"), number_of(on_watched, "2013-04")
    with on_watched.write("worker") as write:
        join(write, other, into)
        add_event(write, other, "joined", f"incident {into}")
    app = run("incidents", m=MODEL, incident=str(other))
    said = texts(app).replace("\\", "")
    assert f", part of incident {into}" in said and f"became part of incident {into}" in said
    app.button(key=f"open_part_{into}").click().run()
    assert not app.exception
    said = texts(app).replace("\\", "")
    assert f"Incident {other}, which is part of this one" in said
    assert app.button(key=f"open_part_{other}").label == f"Open incident {other}"


def test_a_viewer_reads_and_cannot_act_and_other_models_stay_closed(
    enter, watched_home, run, texts
) -> None:
    enter(watched_home, Viewer("vic", "Vic", "viewer", (Grant("viewer", MODEL),)))
    database = Database(f"sqlite:///{watched_home / 'telltale.db'}")
    app = run("incidents", m=MODEL, incident=str(number_of(database, "2013-09")))
    assert "you may read them" in texts(app)
    assert not any(b.key == "care_ack" for b in app.button)
    other = list_cases(database, ["flight-delay"])[0].id
    assert "Not for you" in texts(run("incidents", m=MODEL, incident=str(other)))


def test_before_the_first_run_the_page_says_who_will(on_samples, run, texts) -> None:
    assert "No monitor has run yet." in texts(run("incidents", m=MODEL))


def test_an_empty_home_and_a_broken_log_are_explained(on_nothing, run, texts) -> None:
    assert "Nothing has been imported." in texts(run("incidents"))


def test_a_broken_log_is_explained(on_broken, run, texts) -> None:
    said = texts(run("incidents", m=MODEL))
    assert "cannot be read" in said and "Traceback" not in said


def test_an_unknown_incident_is_explained(on_watched, run, texts) -> None:
    assert "There is no incident 999." in texts(run("incidents", m=MODEL, incident="999"))


def test_overview_bell_and_charts_tell_of_incidents(on_watched, run, texts) -> None:
    app = run("overview", m=MODEL, w="all")
    table = next(d.value for d in app.dataframe if "alerts" in d.value.columns)
    assert set(table[table["model"] == MODEL]["alerts"]) == {"▲ 1 open"}
    drawn = "".join(str(p.proto.spec) for p in app.get("plotly_chart"))
    assert "▲" in drawn or "\\u25b2" in drawn
    assert count_unread(on_watched, "ann", [MODEL]) > 0
    run("incidents", m=MODEL)
    assert count_unread(on_watched, "ann", [MODEL]) == 0


def test_monitors_say_how_they_stand_and_one_is_made_with_its_rehearsal(
    on_watched, run, texts
) -> None:
    app = run("monitors", m=MODEL)
    table = app.dataframe[0].value
    assert list(table["monitor"]) == ["ROC AUC", "Data quality", "Drift"]
    assert list(table["state"]) == ["◆ pending", "▲ firing", "▲ firing"]
    assert table["condition"][0].startswith("ROC AUC by week")
    assert "Data quality and Drift are firing" in texts(app)
    assert "2 of 3 monitors. ROC AUC is pending" in texts(app)
    key = f"mon_{MODEL}_A new one"
    app.text_input(key=f"{key}_name").set_value("Ranking").run()
    app.button(key="monitor_try").click().run()
    said = texts(app).replace("\\", "")
    # Two bad weeks in a row: from 15 April, from 8 July, and v2 from 16 September.
    assert "It would have fired 3 times in 280 days, 3 of them with a real fall in ROC AUC" in said
    app.button(key="monitor_save").click().run()
    assert not app.exception
    said = texts(app).replace("\\", "")
    assert "Ranking is saved." in said and "It would have fired" in said
    assert list(app.dataframe[0].value["monitor"])[-1] == "Ranking"
    app.button(key="monitor_pause").click().run()
    assert list(app.dataframe[0].value["state"])[-1] == "paused"
    app.button(key="monitor_delete").click().run()
    assert len(app.dataframe[0].value) == 3


def test_monitors_before_a_worker_on_nothing_and_for_a_viewer(
    enter, watched_home, sample_home, tmp_path, run, texts
) -> None:
    enter(sample_home)
    assert "Nobody watches this model yet." in texts(run("monitors", m=MODEL))
    enter(tmp_path)
    assert "Nothing has been imported." in texts(run("monitors"))
    enter(watched_home, Viewer("vic", "Vic", "viewer", (Grant("viewer", MODEL),)))
    app = run("monitors", m=MODEL)
    assert "you may read them" in texts(app)


def test_a_silence_is_made_seen_and_ended(on_watched, run) -> None:
    app = run("incidents", m=MODEL)
    app.session_state["silences"] = True  # the fold is opened
    app.run()
    app.selectbox(key="silence_what").set_value("temp")
    app.text_input(key="silence_why").set_value("the sensor is changed")
    app.button(key="silence_make").click().run()
    assert [s.column for s in list_silences(on_watched, MODEL)] == ["temp"]
    number = list_silences(on_watched, MODEL)[0].id
    app.session_state["silences"] = True
    app.run()
    app.button(key=f"end_{number}").click().run()
    assert not app.exception and list_silences(on_watched, MODEL) == []


def test_maintenance_is_planned_seen_and_ended(on_watched, run, texts) -> None:
    app = run("incidents", m=MODEL)
    app.session_state["silences"] = True
    app.run()
    app.multiselect(key="plan_days").set_value(["0", "6"])
    app.text_input(key="plan_why").set_value("nightly reload")
    app.button(key="plan_make").click().run()
    (plan,) = list_maintenance(on_watched, MODEL)
    assert (plan.span.days, plan.span.start, plan.span.minutes) == ("06", 120, 120)
    app.session_state["silences"] = True
    app.run()
    assert "Mon, Sun from 02:00 for 2 h" in texts(app).replace("\\", "")
    app.button(key=f"end_plan_{plan.id}").click().run()
    assert not app.exception and list_maintenance(on_watched, MODEL) == []


@pytest.mark.parametrize(
    ("asks", "fields"),
    [
        ("slice", {"slice": "origin = 'JFK'"}),
        ("fairness", {}),
        ("resources", {}),
        ("freshness", {}),
    ],
)
def test_every_question_is_made_on_the_page(on_watched, run, asks, fields) -> None:
    app = run("monitors", m=MODEL)
    key = f"mon_{MODEL}_A new one"
    app.text_input(key=f"{key}_name").set_value(asks).run()
    app.selectbox(key=f"{key}_asks").set_value(asks).run()
    for name, value in fields.items():
        app.text_input(key=f"{key}_{name}").set_value(value).run()
    app.button(key="monitor_save").click().run()
    assert not app.exception
    made = {m.name: m for m in monitors_of(on_watched, MODEL)}[asks]
    assert (made.question, made.every) == (asks, None if asks == "freshness" else "week")
