"""Watches and incidents: nobody runs twice, blindness resolves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from analytics.errors import NameUnknown, UsageError
from app.state.database import Database
from app.state.keeping import end_watch, keep_runs
from app.state.looked import hurry_once
from app.state.monitors import (
    LEASE,
    Claim,
    Found,
    Ran,
    acknowledge,
    add_watch,
    claim_watch,
    comment,
    hurry,
    last_runs,
    list_events,
    list_incidents,
    run_table,
)
from app.state.series import series_of

POLICY = [{"name": "Drift", "model": "m", "question": "drift"}]
OPEN = Found("harm", "critical", datetime(2026, 1, 5), None, frozenset({"a", "b"}), {"n": 2})
OVER = replace(OPEN, resolved=datetime(2026, 2, 5))
FINE, BLIND = Ran("Drift", "inactive", 0.1), Ran("Drift", "error", 0.1, "no reference")


@pytest.fixture
def due(database: Database, clock: Any) -> Database:
    """A watch that is due."""
    with database.write("test") as write:
        assert add_watch(write, "m", POLICY)
        assert not add_watch(write, "m", POLICY)
        hurry(write, "m")
    return database


def claimed(database: Database) -> Claim:
    claim = claim_watch(database)
    assert claim is not None
    return claim


def again(database: Database, runs: list[Ran], found: list[Found]) -> None:
    with database.write("test") as write:
        hurry(write, "m")
    assert keep_runs(database, claimed(database), runs, found)


def test_two_workers_never_run_one_watch(due: Database, connect: Callable[[], Database]) -> None:
    other = connect()
    claim = claimed(due)
    assert (claim.model, claim.policy, claim_watch(other)) == ("m", POLICY, None)
    assert keep_runs(due, claim, [FINE], [])
    assert not keep_runs(other, claim, [FINE], [])
    assert claim_watch(other) is None  # not due before its time


def test_a_killed_worker_is_made_up_for_once(due: Database, clock: Any) -> None:
    dead = claimed(due)
    clock.pass_s(LEASE.total_seconds() + 1)
    heir = claimed(due)
    assert heir.fence > dead.fence
    assert not keep_runs(due, dead, [FINE], [OPEN])
    assert list_incidents(due, "m") == []
    assert keep_runs(due, heir, [FINE], [OPEN])
    assert not keep_runs(due, dead, [FINE], [OPEN])
    with due.read() as connection:
        count = connection.execute(sa.select(sa.func.count()).select_from(run_table)).scalar()
    assert count == 1


def test_days_of_standing_still_are_caught_up_once(due: Database, clock: Any) -> None:
    clock.pass_s(10 * 86_400)
    assert keep_runs(due, claimed(due), [FINE], [])
    assert claim_watch(due) is None


def test_an_incident_is_kept_once_and_resolved_once(due: Database) -> None:
    again(due, [FINE], [OPEN])
    again(due, [FINE], [replace(OPEN, alerts=frozenset({"b", "c"}))])
    again(due, [FINE], [replace(OVER, alerts=frozenset({"c"}))])
    again(due, [FINE], [replace(OVER, alerts=frozenset({"c"}))])
    (kept,) = list_incidents(due, "m")
    assert kept.found.resolved == OVER.resolved
    assert [e.what for e in list_events(due, kept.id)] == ["raised", "resolved"]


def test_what_a_look_without_periods_saw_is_there_at_the_next(due: Database) -> None:
    rows = [
        ["freshness", None, None, None, "pending", 1],
        ["volume", "x", "v1", "a", "inactive", 0],
    ]
    again(due, [Ran("Live", "pending", 0.1, series=rows), Ran("Weekly", "inactive", 0.1)], [])
    assert series_of(due, "m") == {"Live": rows}
    again(due, [Ran("Live", "inactive", 0.1, series=[])], [])
    assert series_of(due, "m") == {"Live": []}
    with due.write("worker") as write:
        end_watch(write, "m", "its model is gone")
    assert series_of(due, "m") == {}


def test_an_error_resolves_nothing_and_is_shown(due: Database) -> None:
    again(due, [FINE], [OPEN])
    again(due, [BLIND], [OVER])
    again(due, [BLIND], [])
    (kept,) = list_incidents(due, "m")
    assert kept.found.resolved is None
    assert [(r.state, r.error) for r in last_runs(due, "m")] == [("error", "no reference")]


def test_people_acknowledge_and_comment(due: Database) -> None:
    again(due, [FINE], [OPEN])
    number = list_incidents(due, "m")[0].id
    with due.write("ann") as write:
        acknowledge(write, number)
        comment(write, number, " on it ")
    assert list_incidents(due, "m")[0].acknowledged_by == "ann"
    assert [(e.actor, e.what, e.text) for e in list_events(due, number)[1:]] == [
        ("ann", "acknowledged", ""),
        ("ann", "comment", "on it"),
    ]
    with pytest.raises(UsageError), due.write("ann") as write:
        comment(write, number, " ")
    with pytest.raises(NameUnknown), due.write("ann") as write:
        acknowledge(write, 99)


def test_a_run_asked_for_during_a_run_is_not_forgotten(due: Database, clock: Any) -> None:
    claim = claimed(due)
    clock.pass_s(1)
    with due.write("ann") as write:
        hurry(write, "m")
    assert keep_runs(due, claim, [FINE], [])
    assert keep_runs(due, claimed(due), [FINE], [])
    assert claim_watch(due) is None


def test_a_clock_that_is_set_back_stops_no_watch(due: Database, clock: Any) -> None:
    clock.pass_s(86_400)
    dead = claimed(due)
    clock.pass_s(-86_400)
    heir = claimed(due)  # the lease ends tomorrow: nobody can have written that today
    assert keep_runs(due, heir, [FINE], []) and not keep_runs(due, dead, [FINE], [])
    clock.pass_s(-86_400)
    assert keep_runs(due, claimed(due), [FINE], [])
    assert claim_watch(due) is None


def test_an_import_hurries_once_whichever_worker_saw_it(
    due: Database, connect: Callable[[], Database]
) -> None:
    assert keep_runs(due, claimed(due), [FINE], [])
    other = connect()
    assert [hurry_once(d, "m", "i1") for d in (due, other, due)] == [True, False, False]
    assert keep_runs(other, claimed(other), [FINE], [])
    assert claim_watch(due) is None
    assert hurry_once(due, "m", "i2") and claimed(due)
