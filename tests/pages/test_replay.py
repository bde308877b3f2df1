"""Replay: asked for on the page, done by a worker, drawn, taken away; nothing, broken and forbidden."""

from __future__ import annotations

import json
import shutil
from html import unescape
from pathlib import Path

import pytest

from analytics.errors import AccessDenied
from app.auth.viewer import Viewer, operator
from app.cli import main
from app.long_work import find_work, stop_work
from app.monitors.asked import KIND, find_older
from app.settings import read_settings
from app.state import jobs
from app.state.database import Database
from app.state.grants import Grant
from app.worker.loop import Worker

MODEL = "flight-late"


@pytest.fixture
def on_home(enter, sample_home: Path, tmp_path: Path) -> Path:
    home = tmp_path / "home"
    shutil.copytree(sample_home, home)
    enter(home)
    return home


def database_of(home: Path) -> Database:
    return Database(f"sqlite:///{home / 'telltale.db'}")


def test_it_is_asked_for_done_by_a_worker_and_drawn(on_home, run, texts) -> None:
    app = run("replay", m=MODEL)
    assert "Bring last year's log" in texts(app)
    app.button(key="replay_go").click().run()
    assert not app.exception
    database = database_of(on_home)
    (job,) = jobs.list_jobs(database, KIND)
    assert (job.state, job.arguments["window"]) == ("queued", "all")
    assert not any(b.key == "replay_go" for b in app.button)  # it is under way: Stop stands there
    assert any(b.key == "stop_replay" for b in app.button)
    assert Worker(read_settings(home=str(on_home)), database).run_one()
    said = texts(run("replay", m=MODEL)).replace("\\", "")
    assert "4 incidents would have called somebody." in said
    assert "ROC AUC fell to" in said and "Raised on 29 Apr 2013" in said
    assert "are missing in 52.4 % of rows" in said
    assert said.index("Incidents\n") < said.index("Drifted, harmless")
    assert "Other tools' default rules" in said
    app = run("replay", m=MODEL)
    assert len(app.get("plotly_chart")) == 1
    rules = next(d.value for d in app.dataframe if "default rules of" in d.value.columns)
    told = jobs.list_jobs(database, KIND)[0].result
    assert told is not None
    assert list(rules["column alerts"]) == [
        told["peers"][k]["alerts"] for k in ("evidently", "nannyml")
    ]
    # Another period was not walked yet: the last one stands there, and says so.
    app.segmented_control(key="replay_period").set_value("90d").run()
    assert "have changed since" in texts(app)


def test_the_file_the_screen_and_the_command_hold_the_same_incidents(
    on_home, run, texts, capsys, tmp_path: Path
) -> None:
    run("replay", m=MODEL).button(key="replay_go").click().run()
    database = database_of(on_home)
    assert Worker(read_settings(home=str(on_home)), database).run_one()
    said = texts(run("replay", m=MODEL)).replace("\\", "")
    page = tmp_path / "replay.html"
    capsys.readouterr()
    words = ["replay", "--model", MODEL, "--home", str(on_home), "--json", "--html", str(page)]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == jobs.list_jobs(database, KIND)[0].result
    text = unescape(page.read_text())
    assert len(told["incidents"]) >= 4
    for incident in told["incidents"]:
        for sentence in (incident["title"], incident["sentence"]):
            assert sentence in said and sentence in text


def test_cancel_ends_it_and_nothing_is_kept(on_home, run) -> None:
    run("replay", m=MODEL).button(key="replay_go").click().run()
    database = database_of(on_home)
    (job,) = jobs.list_jobs(database, KIND)
    with pytest.raises(AccessDenied):
        stop_work(Viewer("vic", "vic", "viewer", (Grant("viewer", MODEL),)), database, job)
    stop_work(operator("ann"), database, job)
    assert find_work(database, KIND, job.arguments) is None
    assert find_older(database, job.arguments) is None
    assert not Worker(read_settings(home=str(on_home)), database).run_one()


def test_a_viewer_reads_and_asks_for_nothing(enter, sample_home, run, texts) -> None:
    enter(sample_home, Viewer("vic", "Vic", "viewer", (Grant("viewer", MODEL),)))
    app = run("replay", m=MODEL)
    assert "A data scientist may ask for it." in texts(app)
    assert not any(b.key == "replay_go" for b in app.button)


def test_an_empty_home_is_explained(on_nothing, run, texts) -> None:
    assert "Nothing has been imported." in texts(run("replay"))


def test_a_broken_log_is_explained(on_broken, run, texts) -> None:
    said = texts(run("replay", m=MODEL))
    assert "cannot be read" in said and "Traceback" not in said
