"""Triage on both databases: every step is kept, counted once, and taken back exactly."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.core import Schema
from analytics.errors import UsageError
from app.state.audit import list_entries, verify
from app.state.database import Database
from app.state.feedback import Given, Item, read_item, receive
from app.state.models import save_schema
from app.state.outbox import count_waiting
from app.state.triage import (
    add_note,
    assign,
    merge,
    note_label,
    set_external,
    set_status,
    set_tags,
    thread_of,
    undo,
)

SAID = Given("thumbs", "F1", score=0.0)


@pytest.fixture
def flights(database: Database) -> Database:
    with database.write("test") as write:
        save_schema(write, "flights", Schema("binary", (), ("0", "1"), "1"), {})
    return database


def keep(database: Database, identifier: str = "1") -> Item:
    with database.write("website") as write:
        return receive(write, "flights", replace(SAID, identifier=identifier))[0]


def test_a_way_through_the_inbox(flights: Database, clock) -> None:  # type: ignore[no-untyped-def]
    item = keep(flights)
    clock.pass_s(60)
    with flights.write("ann") as write:
        taken = assign(write, item.id, "ann")
        assert (taken.status, taken.assignee) == ("triaged", "ann")
        assert taken.first_response_at == clock.now
    clock.pass_s(60)
    with flights.write("ann") as write:
        add_note(write, item.id, "Two more of these today.")
        done = set_status(write, item.id, "resolved", resolution="Retrained", fixed_by="version v7")
    assert (done.status, done.resolution, done.fixed_by) == ("resolved", "Retrained", "version v7")
    assert done.resolved_at == clock.now
    assert done.first_response_at == taken.first_response_at
    told = [(e.author, e.kind) for e in thread_of(flights, item.id)]
    assert told == [("ann", "step"), ("ann", "note"), ("ann", "step")]
    with flights.write("ann") as write:
        again = set_status(write, item.id, "in_progress")
    assert (again.resolved_at, again.resolution, again.fixed_by) == (None, "", None)
    assert verify(flights).is_intact


def test_spam_and_duplicates_leave_the_counts_and_come_back(flights: Database) -> None:
    first, second = keep(flights, "1"), keep(flights, "2")
    assert count_waiting(flights) == 2
    with flights.write("ann") as write:
        set_status(write, first.id, "spam")
    with flights.write("ann") as write:
        undo(write, "flights")
    with flights.write("ann") as write:
        set_status(write, first.id, "triaged")
        merge(write, second.id, first.id)
    assert count_waiting(flights) == 5
    assert read_item(flights, second.id).duplicate_of == first.id


def test_merging_leads_to_the_one_that_stands_for_all(flights: Database) -> None:
    a, b, c = (keep(flights, name) for name in "abc")
    with flights.write("ann") as write:
        merge(write, b.id, a.id)
        assert merge(write, c.id, b.id).duplicate_of == a.id
        for one, into in ((a, a), (a, b), (a, c)):
            with pytest.raises(UsageError):
                merge(write, one.id, into.id)


def test_undo_is_refused_where_somebody_else_went_on(flights: Database) -> None:
    item = keep(flights)
    with flights.write("ann") as write:
        set_status(write, item.id, "triaged")
    with flights.write("bob") as write:
        set_status(write, item.id, "in_progress")
    with pytest.raises(UsageError, match="since"), flights.write("ann") as write:
        undo(write, "flights")
    assert read_item(flights, item.id).status == "in_progress"
    with pytest.raises(UsageError, match="nothing"), flights.write("eve") as write:
        undo(write, "flights")


def test_doing_what_is_done_is_no_step(flights: Database) -> None:
    item = keep(flights)
    with flights.write("ann") as write:
        set_tags(write, item.id, ["late", " late ", ""])
        set_tags(write, item.id, ["late"])
    assert len(thread_of(flights, item.id)) == 1
    assert read_item(flights, item.id).tags == ("late",)
    assert len(list_entries(flights, object_type="feedback")) == 2


@pytest.mark.parametrize("status", ["duplicate", "nothing", ""])
def test_what_is_no_status(flights: Database, status: str) -> None:
    item = keep(flights)
    with pytest.raises(UsageError), flights.write("ann") as write:
        set_status(write, item.id, status)


steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("status"),
            st.sampled_from(["new", "triaged", "in_progress", "resolved", "wont_fix", "spam"]),
        ),
        st.tuples(st.just("assign"), st.sampled_from(["ann", "bob", None])),
        st.tuples(st.just("tags"), st.lists(st.sampled_from("abc"), max_size=2)),
        st.tuples(st.just("label"), st.none()),
        st.tuples(st.just("external"), st.sampled_from(["X-1", "X-2"])),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps)
def test_taking_every_step_back_leads_to_the_beginning(
    flights: Database, taken: list[tuple[str, object]]
) -> None:
    verbs = {"status": set_status, "assign": assign, "tags": set_tags, "external": set_external}
    item = keep(flights, f"law-{len(list_entries(flights, 100_000))}")
    actor = f"ann-{item.id}"
    states = [item]
    with flights.write(actor) as write:
        for name, value in taken:
            now = (
                note_label(write, item.id)
                if name == "label"
                else verbs[name](write, item.id, value)
            )  # type: ignore[operator]
            if now != states[-1]:
                states.append(now)
    for before in reversed(states[:-1]):
        with flights.write(actor) as write:
            found, _what = undo(write, "flights")
        times = {"first_response_at": None, "resolved_at": None}
        assert replace(found, **times) == replace(before, **times)
    with pytest.raises(UsageError), flights.write(actor) as write:
        undo(write, "flights")
