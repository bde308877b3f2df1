"""Monitors are made, changed, paused and deleted by those who configure; on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from analytics.errors import NameUnknown, UsageError
from analytics.monitors.policy import Monitor
from app.auth.viewer import AccessDenied, Viewer
from app.monitors.editing import delete_monitor, monitors_of, pause_monitor, save_monitor
from app.state.database import Database
from app.state.grants import Grant
from app.state.monitors import add_watch, claim_watch, get_watch

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
    assert monitors_of(watched, "m") == [
        replace(OLD, paused=True),
        replace(new, name="Lower", limit=0.7),
    ]
    pause_monitor(watched, ann, "m", "Drift", is_paused=False)
    delete_monitor(watched, ann, "m", "Lower")
    assert monitors_of(watched, "m") == [OLD]
    claim = claim_watch(watched)
    assert claim is not None and [row["name"] for row in claim.policy] == ["Drift"]
    for does in (delete_monitor,):
        with pytest.raises(NameUnknown):
            does(watched, ann, "m", "Lower")


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
