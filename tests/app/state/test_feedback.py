"""Feedback on both databases: kept once, found again, in the outbox in the same transaction."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import pytest

from analytics.core import Schema
from analytics.errors import NameUnknown
from app.state.audit import list_entries
from app.state.database import Database
from app.state.feedback import FieldInvalid, Given, read_item, receive, receive_all
from app.state.inbox import Filter, count_items, items_of, list_after, list_items, load_of
from app.state.keys import add_key
from app.state.models import save_schema
from app.state.outbox import count_waiting
from app.state.tokens import find_token, make_token

SAID = Given("thumbs", "F1", score=0.0, comment="Wrong, naïve – 数", correction={"label": 1})


@pytest.fixture
def flights(database: Database) -> Database:
    with database.write("test") as write:
        save_schema(write, "flights", Schema("binary", (), ("0", "1"), "1"), {})
    return database


def keep(database: Database, *given: Given) -> list[str]:
    with database.write("test") as write:
        return [receive(write, "flights", g)[0].id for g in given]


def test_what_was_said_comes_back_as_it_was(flights: Database) -> None:
    (item_id,) = keep(flights, replace(SAID, metadata={"a": [1, None]}, value=["x"]))
    item = read_item(flights, item_id)
    assert (item.comment, item.correction) == (SAID.comment, {"label": 1})
    assert (item.value, item.metadata, item.tags) == (["x"], {"a": [1, None]}, ())
    assert item.created_at == item.received_at == flights.clock()
    with pytest.raises(NameUnknown):
        read_item(flights, "nothing")


def test_row_outbox_and_audit_come_together_or_not_at_all(flights: Database) -> None:
    keep(flights, SAID)
    with pytest.raises(RuntimeError), flights.write("test") as write:
        receive(write, "flights", replace(SAID, identifier="2"))
        raise RuntimeError("the process dies here")
    assert count_items(flights, Filter("flights")) == count_waiting(flights) == 1
    assert [e.action for e in list_entries(flights, object_type="feedback")] == ["receive"]


def test_one_wrong_item_takes_no_other_with_it(flights: Database) -> None:
    with flights.write("test") as write:
        found = receive_all(
            write, "flights", [SAID, replace(SAID, score=9.0), replace(SAID, prediction_id="F2")]
        )
    assert [isinstance(f, FieldInvalid) for f in found] == [False, True, False]
    assert count_items(flights, Filter("flights")) == 2


def test_writers_at_once_keep_one_item(flights: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _i: keep(flights, SAID)[0], range(16)))
    assert len(ids) == 1
    assert count_waiting(flights) == 1


def test_filters_pages_and_order(flights: Database) -> None:
    given = [
        replace(SAID, prediction_id=f"F{i % 3}", identifier=str(i), score=float(i % 2))
        for i in range(9)
    ]
    keep(flights, *given)
    newest = list_items(flights, Filter("flights"), 0, 4)
    assert [i.identifier for i in newest] == ["8", "7", "6", "5"]
    assert [i.identifier for i in list_items(flights, Filter("flights"), 8, 4)] == ["0"]
    assert [i.identifier for i in list_after(flights, Filter("flights"), newest[2].seq, 9)] == [
        "7",
        "8",
    ]
    assert count_items(flights, Filter("flights", is_negative_only=True)) == 5
    assert len(items_of(flights, "flights", "F1")) == 3
    assert count_items(flights, Filter("flights", text="NAÏVE".lower())) == 9
    assert count_items(flights, Filter("flights", text="%")) == 0
    assert count_items(flights, Filter("digits")) == 0
    load = load_of(flights, "flights")
    assert (load.by_status, load.n_open, load.n_unassigned) == ({"new": 9}, 9, 9)


def test_the_ages_of_what_waits(flights: Database) -> None:
    days = [datetime(2026, 1, day) for day in (5, 1, 9)]
    keep(flights, *(replace(SAID, identifier=str(d), created_at=d) for d in days))
    load = load_of(flights, "flights")
    assert (load.oldest, load.median) == (datetime(2026, 1, 1), datetime(2026, 1, 5))
    empty = load_of(flights, "digits")
    assert (empty.n_open, empty.oldest, empty.median) == (0, None, None)


def test_a_token_lives_as_long_as_it_says(flights: Database, clock) -> None:  # type: ignore[no-untyped-def]
    with flights.write("test") as write:
        key, _secret = add_key(write, "flights", "feedback", "site")
        secret, ends = make_token(write, key, "F1", "thumbs", 60)
    assert (ends - clock.now).total_seconds() == 60
    with flights.read() as connection:
        found = find_token(connection, secret, clock.now)
        assert found is not None and found[0].prediction_id == "F1"
        assert find_token(connection, secret, ends) is None
