"""Saved views and notes: whose they are, who sees them, who takes them away; on both databases."""

from __future__ import annotations

from datetime import datetime

import pytest

from analytics.errors import AccessDenied, NameUnknown, UsageError
from app.state.audit import list_entries
from app.state.database import Database
from app.state.notes import add_note, delete_note, list_notes
from app.state.views import delete_view, list_views, save_view

PARAMS = {"m": "loans", "w": "30d", "seg": "origin = 'JFK'"}


def save(database: Database, who: str, name: str, **more: bool) -> str:
    with database.write(who) as write:
        return save_view(write, name, "drift", PARAMS, **more)


def test_my_views_and_those_that_others_share(database: Database) -> None:
    save(database, "ann", "mine")
    save(database, "bob", "his own")
    save(database, "bob", "for all", is_shared=True)
    found = list_views(database, "ann", "loans")
    assert [(v.name, v.owner, v.is_shared) for v in found] == [
        ("for all", "bob", True),
        ("mine", "ann", False),
    ]
    assert found[0].params == PARAMS and found[0].page == "drift"
    assert list_views(database, "ann", "flights") == []


def test_the_same_name_replaces_ones_own_view(database: Database) -> None:
    first = save(database, "ann", "one")
    assert save(database, "ann", "one", is_shared=True) == first
    (found,) = list_views(database, "ann", "loans")
    assert found.is_shared
    assert save(database, "bob", "one") != first


def test_only_the_owner_or_an_admin_takes_it_away(database: Database) -> None:
    key = save(database, "ann", "one", is_shared=True)
    with pytest.raises(AccessDenied), database.write("bob") as write:
        delete_view(write, key)
    assert list_views(database, "bob", "loans")
    with database.write("root") as write:
        delete_view(write, key, is_admin=True)
    assert list_views(database, "ann", "loans") == []
    with pytest.raises(NameUnknown), database.write("ann") as write:
        delete_view(write, key)
    assert [e.action for e in list_entries(database) if e.object_type == "view"][:2] == [
        "delete",
        "save",
    ]


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_view_needs_a_name(database: Database, name: str) -> None:
    with pytest.raises(UsageError):
        save(database, "ann", name)
    with pytest.raises(UsageError), database.write("ann") as write:
        save_view(write, "x", "account", {})


def test_notes_stand_in_the_order_of_their_moments(database: Database) -> None:
    with database.write("ann") as write:
        add_note(write, "loans", datetime(2024, 5, 2), "  new   prices ")
        add_note(write, "loans", datetime(2024, 5, 1), "v2")
        add_note(write, "flights", datetime(2024, 5, 1), "strike")
    assert [(n.text, n.author) for n in list_notes(database, "loans")] == [
        ("v2", "ann"),
        ("new prices", "ann"),
    ]


def test_only_the_author_or_an_admin_removes_a_note(database: Database) -> None:
    with database.write("ann") as write:
        number = add_note(write, "loans", datetime(2024, 5, 1), "v2")
    with pytest.raises(AccessDenied), database.write("bob") as write:
        delete_note(write, number)
    with database.write("root") as write:
        delete_note(write, number, is_admin=True)
    assert list_notes(database, "loans") == []


@pytest.mark.parametrize("text", ["", " ", "x" * 61])
def test_a_note_has_a_few_words(database: Database, text: str) -> None:
    with pytest.raises(UsageError), database.write("ann") as write:
        add_note(write, "loans", datetime(2024, 5, 1), text)
