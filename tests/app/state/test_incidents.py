"""Care for incidents stands beside them; silences and what was seen, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from analytics.errors import NameUnknown, UsageError
from app.auth.viewer import AccessDenied, Viewer
from app.monitors import verbs
from app.state.database import Database
from app.state.grants import Grant
from app.state.incidents import (
    add_silence,
    count_unread,
    end_silence,
    get_case,
    is_silent,
    list_cases,
    list_silences,
    see_all,
)
from app.state.keeping import keep_runs
from app.state.monitors import (
    Found,
    Ran,
    add_watch,
    claim_watch,
    hurry,
    list_events,
)
from app.state.users import NO_PASSWORD, add_user

OPEN = Found("harm", "critical", datetime(2026, 1, 5), None, frozenset({"a"}), {"columns": []})
QUIET = replace(OPEN, kind="harmless", severity="warning", alerts=frozenset({"q"}))
OVER = replace(OPEN, resolved=datetime(2026, 2, 5))
FINE = Ran("Drift", "inactive", 0.1)


def viewer(role: str, model: str = "m") -> Viewer:
    return Viewer("ann", "Ann", role, (Grant(role, model),))


def found(database: Database, *incidents: Found) -> None:
    with database.write("test") as write:
        add_watch(write, "m", [{"name": "Drift", "model": "m", "question": "drift"}])
        hurry(write, "m")
    claim = claim_watch(database)
    assert claim is not None
    assert keep_runs(database, claim, [FINE], list(incidents))


def test_what_people_do_stands_in_the_story_and_survives_the_next_run(
    database: Database, clock: Any
) -> None:
    found(database, OPEN)
    with database.write("test") as write:
        add_user(write, "bob", "data_scientist", NO_PASSWORD)
    (case,) = list_cases(database, ["m"])
    assert case.status(clock()) == "open"
    ann = viewer("product_owner")
    verbs.acknowledge(database, ann, case.id)
    verbs.assign(database, ann, case.id, "bob")
    verbs.snooze(database, ann, case.id, 2)
    assert get_case(database, case.id).status(clock()) == "put off"
    clock.pass_s(3 * 3600)
    found(database, OPEN)
    kept = get_case(database, case.id)
    assert (kept.status(clock()), kept.assigned_to, kept.acknowledged_by) == ("taken", "bob", "ann")
    verbs.close(database, ann, case.id, "retrained")
    assert get_case(database, case.id).status(clock()) == "closed"
    verbs.reopen(database, ann, case.id)
    assert get_case(database, case.id).status(clock()) == "taken"
    found(database, OVER)
    assert get_case(database, case.id).status(clock()) == "over"
    steps = ["raised", "acknowledged", "assigned", "put off", "closed", "reopened", "resolved"]
    assert [e.what for e in list_events(database, case.id)] == steps


def test_rights_are_asked_where_the_write_happens(database: Database) -> None:
    found(database, OPEN)
    number = list_cases(database, ["m"])[0].id
    for who in (viewer("viewer"), viewer("annotator"), viewer("data_scientist", "other")):
        with pytest.raises(AccessDenied):
            verbs.acknowledge(database, who, number)
        with pytest.raises(AccessDenied):
            verbs.silence(database, who, "m", 1, "work")
    assert verbs.open_case(database, viewer("viewer"), number).id == number
    with pytest.raises(AccessDenied):
        verbs.open_case(database, viewer("viewer", "other"), number)


def test_words_that_make_no_sense_are_refused(database: Database) -> None:
    found(database, OPEN)
    number, ann = list_cases(database, ["m"])[0].id, viewer("data_scientist")
    with pytest.raises(NameUnknown):
        verbs.assign(database, ann, number, "nobody at all")
    with pytest.raises(NameUnknown):
        verbs.reopen(database, ann, 99)
    for hours in (0, 24 * 365):
        with pytest.raises(UsageError):
            verbs.snooze(database, ann, number, hours)
    with pytest.raises(UsageError):
        verbs.close(database, ann, number, " ")
    with pytest.raises(UsageError):
        verbs.silence(database, ann, "m", 1, " ")


def test_unread_counts_what_calls_and_only_of_visible_models(database: Database) -> None:
    found(database, OPEN, QUIET)
    assert count_unread(database, "ann", ["m"]) == 1
    assert count_unread(database, "ann", ["other"]) == 0
    see_all(database, "ann")
    see_all(database, "ann")
    assert (count_unread(database, "ann", ["m"]), count_unread(database, "bob", ["m"])) == (0, 1)
    found(database, OVER, QUIET)
    assert count_unread(database, "ann", ["m"]) == 0  # that it is over calls nobody
    found(database, OPEN, QUIET)
    assert count_unread(database, "ann", ["m"]) == 1


def test_a_silence_covers_its_model_or_column_in_its_span(database: Database, clock: Any) -> None:
    now = clock()
    with database.write("ann") as write:
        add_silence(write, "m", "temp", (now, now + timedelta(hours=1)), "sensor is changed")
        assert is_silent(write, "m", ["temp", "wind"])
        assert not is_silent(write, "m", ["wind"])
        assert not is_silent(write, "other", ["temp"])
        number = add_silence(write, "m", "", (now, now + timedelta(hours=1)), "moving house")
        assert is_silent(write, "m", [])
        end_silence(write, "m", number)
        assert not is_silent(write, "m", ["wind"])
        with pytest.raises(UsageError):
            add_silence(write, "m", "", (now, now), "nothing")
    assert [s.column for s in list_silences(database, "m")] == ["temp"]
    clock.pass_s(3601)
    with database.write("ann") as write:
        assert not is_silent(write, "m", ["temp"])
        with pytest.raises(NameUnknown):
            end_silence(write, "m", number)
