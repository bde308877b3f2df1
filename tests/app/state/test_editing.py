"""Monitors are made, changed, paused and deleted by those who configure; on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from analytics.errors import NameUnknown, UsageError
from analytics.monitors.policy import Monitor
from app.auth.viewer import AccessDenied, Viewer
from app.monitors.editing import delete_monitor, monitors_of, pause_monitor, save_monitor
from app.state.database import Database
from app.state.grants import Grant
from app.state.keeping import keep_runs
from app.state.monitors import (
    Found,
    Ran,
    add_watch,
    claim_watch,
    get_watch,
    hurry,
    last_runs,
    list_events,
    list_incidents,
)

OLD = Monitor("Drift", "m", "drift", every="week")


@pytest.fixture
def watched(database: Database) -> Database:
    with database.write("worker") as write:
        add_watch(
            write, "m", [{"name": "Drift", "model": "m", "question": "drift", "every": "week"}]
        )
    return database


def viewer(role: str) -> Viewer:
    return Viewer("ann", "Ann", role, (Grant(role, "m"),))


def test_a_monitor_lives_from_making_to_deleting(watched: Database, clock: Any) -> None:
    ann = viewer("data_scientist")
    new = Monitor("Low", "m", "performance", ("accuracy",), rule="below", limit=0.8, every="day")
    save_monitor(watched, ann, new)
    assert monitors_of(watched, "m") == [OLD, new]
    watch = get_watch(watched, "m")
    assert watch is not None and watch.next_at == clock()  # it runs at once
    with pytest.raises(UsageError):
        save_monitor(watched, ann, replace(new, limit=0.7))
    save_monitor(watched, ann, replace(new, name="Lower", limit=0.7), instead="Low")
    pause_monitor(watched, ann, "m", "Drift", is_paused=True)
    lower = replace(new, name="Lower", limit=0.7, id="Low")
    assert monitors_of(watched, "m") == [replace(OLD, paused=True), lower]
    pause_monitor(watched, ann, "m", "Drift", is_paused=False)
    delete_monitor(watched, ann, "m", "Lower")
    assert monitors_of(watched, "m") == [OLD]
    claim = claim_watch(watched)
    assert claim is not None and [row["name"] for row in claim.policy] == ["Drift"]
    for does in (delete_monitor,):
        with pytest.raises(NameUnknown):
            does(watched, ann, "m", "Lower")


def test_a_renamed_monitor_keeps_its_incident_and_its_runs(watched: Database) -> None:
    ann = viewer("data_scientist")
    facts = {"cause": {"monitor": "Drift", "monitor_id": "Drift"}}
    seen = frozenset({"Drift | ks | x | None | None | 2026-01-05 00:00:00"})
    found = Found("drift", "critical", datetime(2026, 1, 5), None, seen, facts)
    ran = Ran("Drift", "firing", 0.1)
    keep(watched, [ran], [found])
    save_monitor(watched, ann, replace(OLD, name="Columns"), instead="Drift")
    (renamed,) = monitors_of(watched, "m")
    assert (renamed.name, renamed.identity) == ("Columns", "Drift")
    save_monitor(watched, ann, OLD)  # another one, under the name that became free
    assert [m.identity for m in monitors_of(watched, "m")] == ["Drift", "Drift 2"]
    save_monitor(watched, ann, replace(OLD, name="Moved", hold=2), instead="Columns")
    keep(watched, [ran, Ran("Drift 2", "inactive", 0.1)], [found])
    (incident,) = list_incidents(watched, "m")
    assert [e.what for e in list_events(watched, incident.id)] == ["raised"]
    assert [r.monitor for r in last_runs(watched, "m")] == ["Drift", "Drift 2"]
    delete_monitor(watched, ann, "m", "Moved")
    keep(watched, [Ran("Drift 2", "inactive", 0.1)], [])
    events = list_events(watched, incident.id)
    assert [e.what for e in events] == ["raised", "closed"]
    assert "its monitor Drift was deleted" in events[-1].text


def keep(database: Database, runs: list[Ran], found: list[Found]) -> None:
    with database.write("test") as write:
        hurry(write, "m")
    claim = claim_watch(database)
    assert claim is not None and keep_runs(database, claim, runs, found)


@pytest.mark.parametrize("role", ["viewer", "annotator", "product_owner"])
def test_only_those_who_configure_may(watched: Database, role: str) -> None:
    with pytest.raises(AccessDenied):
        save_monitor(watched, viewer(role), replace(OLD, name="More"))
    with pytest.raises(AccessDenied):
        pause_monitor(watched, viewer(role), "m", "Drift", is_paused=True)
    with pytest.raises(AccessDenied):
        delete_monitor(watched, viewer(role), "m", "Drift")
    assert monitors_of(watched, "m") == [OLD]


def test_a_model_that_nobody_watches_has_none(database: Database) -> None:
    assert monitors_of(database, "m") == []
    with pytest.raises(NameUnknown):
        save_monitor(database, viewer("admin"), OLD)
