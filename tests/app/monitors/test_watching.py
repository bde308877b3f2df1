"""A new model is watched without anybody asking; its planted fault becomes one incident."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from analytics.core import Schema
from analytics.monitors.policy import Monitor
from app.ask import Desk
from app.auth.viewer import operator
from app.cli import main
from app.monitors.editing import delete_monitor, save_monitor
from app.monitors.watching import Watching, run_apart, run_watch, watch_new
from app.settings import read_settings
from app.state.database import open_database
from app.state.models import save_schema
from app.state.monitors import claim_watch, hurry, last_runs, list_incidents, watched


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Twenty weeks of 210 rows; from the twelfth on the column x is missing and answers are worse."""
    day = date(2024, 1, 1)
    for name, weeks in (("log", 20), ("reference", 5)):
        rows = []
        for i in range(weeks * 210):
            is_broken = name == "log" and i >= 11 * 210
            truth, x = i * 7 % 13 % 2, "" if is_broken and i % 3 else str(i * 31 % 100)
            answer = truth ^ int(i % (3 if is_broken else 10) == 0)
            rows.append(f"{name}{i},{day + timedelta(days=i // 30)},{answer},{truth},{x},{i % 7}\n")
        path = tmp_path / f"{name}.csv"
        path.write_text("id,timestamp,prediction,label,x,y\n" + "".join(rows))
        extra = ["--as", "reference"] if name == "reference" else []
        home = ["--home", str(tmp_path / "home")]
        assert main(["import", str(path), "--model", "m", "--positive", "1", *extra, *home]) == 0
    with Desk(read_settings(home=str(tmp_path / "home"))) as found:
        yield found
    open_database.cache_clear()


def test_a_planted_fault_is_one_incident_with_its_cause_and_loss(desk: Desk) -> None:
    database = desk.database
    watch_new(desk, database)
    watch_new(desk, database)
    assert watched(database) == {"m"}
    assert claim_watch(database) is None  # a new model's first run waits
    with database.write("test") as write:
        hurry(write, "m")
    Watching(desk.settings, database).do()
    assert {r.monitor: r.error for r in last_runs(database, "m")} == {
        "Accuracy": "",
        "Data quality": "",
        "Drift": "",
    }
    (incident,) = list_incidents(database, "m")
    assert (incident.found.kind, incident.found.severity) == ("harm", "critical")
    cause, loss = incident.found.facts["cause"], incident.found.facts["consequence"]
    assert (cause["name"], cause["column"]) == ("missing_rate", "x")
    assert loss["name"] == "accuracy"
    assert loss["value"] < loss["reference"] - 0.1
    assert str(incident.found.started) == "2024-03-25 00:00:00"  # the end of the twelfth week
    with database.write("test") as write:
        hurry(write, "m")
    claim = claim_watch(database)
    assert claim is not None
    assert run_watch(desk, database, claim)
    assert len(list_incidents(database, "m")) == 1


def test_an_import_is_looked_at_at_once_and_only_when_no_other_follows(desk: Desk) -> None:
    database = desk.database
    watching = Watching(desk.settings, database)
    watching.do()  # adds the watch
    watching.do()  # the import is known for a moment now: hurried, and run
    n = len(last_runs(database, "m"))
    first = last_runs(database, "m")[0].at
    assert n == 3
    watching.do()
    assert last_runs(database, "m")[0].at == first
    path = desk.settings.home.parent / "more.csv"
    path.write_text("id,timestamp,prediction,label,x,y\nnew,2024-06-01,1,1,5,1\n")
    assert main(["import", str(path), "--model", "m", "--home", str(desk.settings.home)]) == 0
    watching.do()
    assert last_runs(database, "m")[0].at == first
    watching.do()
    assert last_runs(database, "m")[0].at > first


def test_what_is_due_is_run_by_a_process_of_its_own(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)  # some commands, run here before, turn warnings off
    database = desk.database
    watch_new(desk, database)
    watching = Watching(desk.settings, database)
    assert not watching.look()  # a new model's first run waits
    assert watching.look()  # the import is known for a moment now: hurried
    run_apart(desk.settings, desk.database, threading.Event())
    assert caplog.text == ""  # such as that it ended with an error
    assert {r.monitor: r.error for r in last_runs(database, "m")} == {
        "Accuracy": "",
        "Data quality": "",
        "Drift": "",
    }
    assert not watching.look()


def test_a_model_without_rows_starts_no_round(desk: Desk) -> None:
    database = desk.database
    watch_new(desk, database)
    with database.write("test") as write:
        save_schema(write, "empty", Schema("binary", (), ("0", "1"), "1"), {})
    assert not Watching(desk.settings, database).look()


def test_a_round_ends_with_the_watching(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = desk.settings.home / "begun"
    code = (
        "import sys, threading; from pathlib import Path; from app.monitors.__main__ import end_with;"
        f" Path({str(begun)!r}).touch();"
        " threading.Thread(target=end_with, args=(0,)).start();"
        " threading.Event().wait()"
    )
    monkeypatch.setattr("app.monitors.watching.ROUND", (sys.executable, "-c", code))
    ended = threading.Event()
    thread = threading.Thread(
        target=run_apart, args=(desk.settings, desk.database, ended), daemon=True
    )
    thread.start()
    end = time.monotonic() + 60
    while not begun.exists() and time.monotonic() < end:
        thread.join(0.05)
    assert begun.exists() and thread.is_alive()
    ended.set()
    thread.join(60)
    assert not thread.is_alive()


def test_a_monitor_without_periods_fires_at_the_second_bad_look(desk: Desk) -> None:
    database = desk.database
    watch_new(desk, database)
    for name in ("Accuracy", "Data quality", "Drift"):
        delete_monitor(database, operator(), "m", name)
    whole = Monitor("Whole", "m", "performance", ("accuracy",), rule="below", limit=0.99)
    save_monitor(database, operator(), whole)
    stood = []
    for _ in range(3):
        with database.write("test") as write:
            hurry(write, "m")
        claim = claim_watch(database)
        assert claim is not None and run_watch(desk, database, claim)
        (ran,) = last_runs(database, "m")
        stood.append((ran.state, len(list_incidents(database, "m"))))
    assert stood == [("pending", 0), ("firing", 1), ("firing", 1)]


def test_a_replay_lists_what_would_have_been_raised(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(desk.settings.home)]
    assert main(["replay", "--model", "m", "--json", *home]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    (incident,) = found["incidents"]
    assert (incident["kind"], incident["cause"]["column"]) == ("harm", "x")
    assert incident["raised"] == "2024-03-25T00:00:00"  # the end of the twelfth week
    assert (incident["mature"], incident["lead_days"]) == (None, None)  # nobody recorded arrivals
    assert incident["then"].startswith("x is missing in")  # the loss needs a second bad week
    assert incident["links"]["explore"]["w"].startswith("2024-03-18..")
    assert [m["error"] for m in found["monitors"]] == [None] * 3
    theirs = found["peers"]
    assert (theirs["n_periods"], theirs["n_columns"]) == (20, 3)  # x, y, the prediction
    assert theirs["evidently"]["alerts"] == sum(p["evidently"] for p in theirs["by_period"])
    assert theirs["nannyml"]["losses"] >= 9  # every bad week, whatever else
    path = desk.settings.home.parent / "replay.html"
    assert main(["replay", "--model", "m", "--html", str(path), *home]) == 0
    text = path.read_text()
    assert path.stat().st_size < 5e6 and "http-equiv" in text and "connect-src" not in text
    assert incident["title"] in text and f"<td>{theirs['evidently']['alerts']}</td>" in text
    assert "m: 1 incidents, 0 harmless" in capsys.readouterr().out
