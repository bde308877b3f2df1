"""Incidents whose alerts vanish close with the reason; those that turn out to be one are joined."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from analytics.core import Schema
from app.auth.viewer import operator
from app.feedback.outward import make_hook
from app.monitors.editing import delete_monitor, pause_monitor
from app.monitors.telling import teller
from app.settings import Settings, read_settings
from app.state.database import Database
from app.state.hooks import list_deliveries
from app.state.incidents import get_case, list_cases
from app.state.joins import joined_to
from app.state.keeping import GONE, end_watch, keep_runs
from app.state.models import save_schema
from app.state.monitors import Found, Ran, add_watch, claim_watch, hurry, list_events, watched

CAUSE = {"monitor": "Data", "question": "quality", "name": "missing_rate", "label": "Missing values",
         "column": "temp", "value": 0.5, "reference": 0.0, "unit": "rate", "n": 300,
         "start": "2026-01-05T00:00:00"}  # fmt: skip
FACTS = {"cause": CAUSE, "columns": ["temp"]}


def alert(monitor: str, column: str, day: int = 12) -> str:
    return f"{monitor} | missing_rate | {column} | None | None | 2026-01-{day} 00:00:00"


def incident(*alerts: str, kind: str = "data") -> Found:
    return Found(kind, "warning", datetime(2026, 1, 12), None, frozenset(alerts), FACTS)


DATA = incident(alert("Data", "temp"))
DRIFT = incident(alert("Drift", "temp"), kind="drift")
BOTH = replace(DATA, alerts=DATA.alerts | DRIFT.alerts)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(home=str(tmp_path / "home"))


@pytest.fixture
def told(database: Database) -> Database:
    """A model with two monitors and a webhook for alerts."""
    policy = [{"name": n, "model": "m", "question": q} for n, q in
              (("Data", "quality"), ("Drift", "drift"))]  # fmt: skip
    with database.write("test") as write:
        save_schema(write, "m", Schema("none", ()), {})
        add_watch(write, "m", policy)
    values = {"model": "m", "name": "h", "purpose": "alert", "style": "plain"}
    make_hook(database, operator(), values | {"url": "https://example.org/hook"})
    return database


def found(database: Database, settings: Settings, *incidents: Found, error: str = "") -> None:
    with database.write("test") as write:
        hurry(write, "m")
    claim = claim_watch(database)
    assert claim is not None
    ran = [Ran("Data", "error" if error else "inactive", 0.1, error)]
    assert keep_runs(database, claim, ran, list(incidents), teller(settings))


def story(database: Database, number: int) -> list[tuple[str, str]]:
    return [(e.what, e.text) for e in list_events(database, number)]


def events(database: Database) -> list[tuple[str, str]]:
    sent = reversed(list_deliveries(database))
    return [(d.payload["event"], d.payload["status"]) for d in sent]


def test_a_deleted_monitors_incident_is_closed_with_that_reason_and_told(
    told: Database, settings: Settings, clock: Any
) -> None:
    found(told, settings, DATA)
    delete_monitor(told, operator(), "m", "Data")
    found(told, settings)
    (case,) = list_cases(told, ["m"])
    assert (case.status(clock()), case.closed_by, case.found.resolved) == ("closed", "worker", None)
    assert story(told, case.id)[-1] == ("closed", "its monitor Data was deleted")
    assert events(told) == [("incident.raised", "firing"), ("incident.closed", "resolved")]
    assert "its monitor Data was deleted" in list_deliveries(told)[0].payload["text"]
    found(told, settings)
    assert len(events(told)) == 2
    found(told, settings, DATA)  # made again: it is open again
    assert list_cases(told, ["m"])[0].status(clock()) == "open"
    assert events(told)[-1] == ("incident.again", "firing")


def test_an_incident_that_is_found_no_more_is_closed_unless_nobody_looked(
    told: Database, settings: Settings, clock: Any
) -> None:
    found(told, settings, DATA)
    found(told, settings, error="the disk is gone")
    assert list_cases(told, ["m"])[0].status(clock()) == "open"
    pause_monitor(told, operator(), "m", "Data", is_paused=True)
    found(told, settings)
    assert list_cases(told, ["m"])[0].status(clock()) == "open"
    pause_monitor(told, operator(), "m", "Data", is_paused=False)
    found(told, settings)
    assert story(told, list_cases(told, ["m"])[0].id)[-1] == ("closed", GONE)


def test_what_a_monitor_said_holds_while_it_cannot_look(
    told: Database, settings: Settings, clock: Any
) -> None:
    harm = replace(BOTH, kind="harm", facts={**FACTS, "consequence": CAUSE})
    found(told, settings, harm)
    found(told, settings, DRIFT, error="a part of the log cannot be read")  # of the monitor Data
    (case,) = list_cases(told, ["m"])
    assert (case.found.kind, case.found.alerts) == ("harm", BOTH.alerts)
    assert "consequence" in case.found.facts
    found(told, settings, DRIFT)
    (case,) = list_cases(told, ["m"])
    assert (case.found.kind, case.found.alerts) == ("drift", DRIFT.alerts)


def test_an_edited_condition_that_moves_the_moment_keeps_the_incident(
    told: Database, settings: Settings
) -> None:
    found(told, settings, DATA)
    found(told, settings, incident(alert("Data", "temp", 19)))
    (case,) = list_cases(told, ["m"])
    assert case.found.alerts == {alert("Data", "temp", 19)}
    assert [what for what, _ in story(told, case.id)] == ["raised"]


def test_two_that_turn_out_to_be_one_are_joined_and_can_part_again(
    told: Database, settings: Settings, clock: Any
) -> None:
    found(told, settings, DATA, DRIFT)
    first, second = (c.id for c in sorted(list_cases(told, ["m"]), key=lambda c: c.id))
    found(told, settings, BOTH)
    found(told, settings, BOTH)
    other = get_case(told, second)
    assert (other.status(clock()), other.joined_to) == ("joined", first)
    assert joined_to(told, first) == [second]
    assert story(told, first) == [("raised", ""), ("took in", f"incident {second}")]
    assert story(told, second) == [("raised", ""), ("joined", f"incident {first}")]
    assert events(told)[2:] == [("incident.joined", "resolved")]
    found(told, settings, DATA, DRIFT)
    assert get_case(told, second).status(clock()) == "open"
    assert story(told, second)[-1][0] == "parted"
    assert len(list_cases(told, ["m"])) == 2


def test_one_found_twice_becomes_two_and_changes_nobody_in_turn(
    told: Database, settings: Settings
) -> None:
    found(told, settings, BOTH)
    for _ in range(3):
        found(told, settings, DATA, replace(DRIFT, resolved=datetime(2026, 2, 5)))
    assert len(list_cases(told, ["m"])) == 2
    assert [what for what, _ in story(told, 1)] == ["raised"]


def test_a_model_that_is_gone_is_watched_no_more_and_its_incidents_close(
    told: Database, settings: Settings, clock: Any
) -> None:
    found(told, settings, DATA)
    with told.write("worker") as write:
        end_watch(write, "m", "its model is gone", teller(settings))
    assert watched(told) == set()
    assert story(told, 1)[-1] == ("closed", "its model is gone")
    assert events(told)[-1] == ("incident.closed", "resolved")


def test_a_look_without_periods_ends_an_incident_only_when_it_saw_it_calm(
    told: Database, settings: Settings
) -> None:
    name = "Data | freshness | None | None | None"
    silent = incident(f"{name} | 2026-01-12 00:00:00")

    def look(*calm: str, found: tuple[Found, ...] = ()) -> None:
        with told.write("test") as write:
            hurry(write, "m")
        claim = claim_watch(told)
        assert claim is not None
        ran = [Ran("Data", "inactive", 0.1, "", frozenset(calm), ())]
        assert keep_runs(told, claim, ran, list(found), teller(settings))

    look(found=(silent,))
    look(found=(replace(silent, alerts=frozenset({f"{name} | x"}), started=datetime(2026, 2, 1)),))
    look()
    (case,) = list_cases(told, ["m"])
    assert (case.found.resolved, case.found.started) == (None, silent.started)
    look(name)
    assert list_cases(told, ["m"])[0].found.resolved == told.clock()
    assert [what for what, _ in story(told, 1)] == ["raised", "resolved"]
    assert events(told)[-1] == ("incident.resolved", "resolved")


def test_an_alert_that_moves_to_another_incident_joins_nothing(
    told: Database, settings: Settings
) -> None:
    """One column's drift stands beside a loss at first, and with the harmless ones later."""
    quiet = [alert("Drift", "temp", 20), alert("Drift", "humid", 20)]
    loss = [alert("Data", "temp", 12), alert("Data", "humid", 12)]
    moving = alert("Drift", "pressure", 13)
    found(told, settings, incident(*quiet, kind="harmless"), incident(*loss, moving))
    for _ in range(2):
        found(told, settings, incident(*quiet, moving, kind="harmless"), incident(*loss))
        found(told, settings, incident(*loss), incident(*quiet, moving, kind="harmless"))
    assert [c.status(told.clock()) for c in list_cases(told, ["m"])] == ["open", "open"]
    assert [story(told, n) for n in (1, 2)] == [[("raised", "")]] * 2


def test_another_alert_of_the_same_series_is_no_reason_to_join(
    told: Database, settings: Settings
) -> None:
    """The drift of April stands beside a loss that lasts, that of July is harmless and lasts."""
    april, july = alert("Drift", "temp", 12), alert("Drift", "temp", 25)
    both = (incident(alert("Data", "temp", 12), april), incident(july, kind="harmless"))
    for _ in range(3):
        found(told, settings, *both)
    assert [story(told, n) for n in (1, 2)] == [[("raised", "")]] * 2
