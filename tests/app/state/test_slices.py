"""Saved slices on both databases: names, versions, who sees them, who takes them away."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from analytics.core import Condition
from analytics.errors import AccessDenied, NameUnknown, UsageError
from app.state.database import Database
from app.state.slices import (
    Draft,
    delete_slice,
    list_slices,
    list_versions,
    save_slice,
    slice_table,
)

EVENING = (Condition("origin", "=", "O'Hare"), Condition("hour", ">", 17.0))


def keep(database: Database, user: str, draft: Draft) -> int:
    with database.write(user) as write:
        return save_slice(write, draft).id


def test_saving_again_is_the_next_version(database: Database) -> None:
    keep(database, "ann", Draft("m", "Evening", EVENING))
    keep(database, "ann", Draft("m", " Evening ", EVENING[:1], "Airports", "Only the place"))
    (found,) = list_slices(database, "ann", "m")
    assert (found.version, found.conditions) == (2, EVENING[:1])
    assert found.segment == "origin = 'O''Hare'"
    assert (found.folder, found.description) == ("Airports", "Only the place")
    versions = list_versions(database, "ann", found)
    assert [(s.version, s.conditions) for s in versions] == [(2, EVENING[:1]), (1, EVENING)]
    assert list_slices(database, "ann", "other") == []


def test_others_see_what_is_shared_and_do_not_take_it_away(database: Database) -> None:
    keep(database, "ann", Draft("m", "Mine", EVENING))
    number = keep(database, "ann", Draft("m", "Ours", EVENING, is_shared=True))
    assert [s.name for s in list_slices(database, "bob", "m")] == ["Ours"]
    with pytest.raises(AccessDenied), database.write("bob") as write:
        delete_slice(write, number)
    with database.write("root") as write:
        delete_slice(write, number, is_admin=True)
    with pytest.raises(NameUnknown), database.write("ann") as write:
        delete_slice(write, number)
    assert [s.name for s in list_slices(database, "ann", "m")] == ["Mine"]


def test_values_come_back_as_they_were(database: Database) -> None:
    conditions = (
        Condition("kind", "in", ("a", "b")),
        Condition("gone", "is null"),
        Condition("flag", "=", True),
    )
    keep(database, "ann", Draft("m", "All kinds", conditions))
    (found,) = list_slices(database, "ann", "m")
    assert found.conditions == conditions
    with database.read() as connection:
        kept = json.loads(connection.execute(sa.select(slice_table.c.filter_predicates)).scalar())
    assert kept["predicates"][0] == {
        "column": "kind", "operation": "in", "value": ["a", "b"], "join": "",
    }  # fmt: skip


def test_what_cannot_be_kept_is_refused(database: Database) -> None:
    for draft in (Draft("m", " ", EVENING), Draft("m", "x" * 81, EVENING), Draft("m", "All", ())):
        with pytest.raises(UsageError):
            keep(database, "ann", draft)
    assert list_slices(database, "ann", "m") == []
