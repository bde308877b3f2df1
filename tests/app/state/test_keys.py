"""API keys on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import pytest

from analytics.core import Schema
from analytics.errors import AccessDenied, NameUnknown, UsageError
from app.auth.keys import create_key, end_key, keys_of
from app.auth.viewer import Viewer
from app.state.audit import list_entries
from app.state.database import Database
from app.state.grants import Grant
from app.state.keys import add_key, find_key, list_keys, revoke_key, touch_key
from app.state.models import save_schema


@pytest.fixture
def flights(database: Database) -> Database:
    with database.write("test") as write:
        for name in ("flights", "digits"):
            save_schema(write, name, Schema("binary", (), ("0", "1"), "1"), {})
    return database


def viewer(role: str, model: str = "flights") -> Viewer:
    return Viewer("ann", "Ann", role, (Grant(role, model),))


def test_a_key_is_found_by_its_secret_until_it_is_revoked(flights: Database) -> None:
    with flights.write("ann") as write:
        key, secret = add_key(write, "flights", "feedback", "  website ")
    assert (key.name, key.created_by, key.may_read) == ("website", "ann", False)
    with flights.read() as connection:
        assert find_key(connection, secret) == key
        assert find_key(connection, secret + "x") is None
        assert find_key(connection, "") is None
    with flights.write("ann") as write:
        assert revoke_key(write, key.id)
        assert not revoke_key(write, key.id)
    with flights.read() as connection:
        assert find_key(connection, secret) is None
    actions = [(e.action, e.object_id) for e in list_entries(flights, object_type="api key")]
    assert actions == [("revoke", str(key.id)), ("create", str(key.id))]


def test_secrets_are_long_different_and_in_no_row(flights: Database) -> None:
    with flights.write("ann") as write:
        secrets = {add_key(write, "flights", "events", f"n{i}")[1] for i in range(20)}
    assert len(secrets) == 20
    assert all(len(secret) >= 43 for secret in secrets)
    told = str([asdict(key) for key in list_keys(flights)]) + str(list_entries(flights))
    assert not any(secret in told for secret in secrets)


def test_the_last_use_is_written_once_a_minute(
    flights: Database, clock: Callable[[], object]
) -> None:
    with flights.write("ann") as write:
        _key, secret = add_key(write, "flights", "events", "robot")
    seen = []
    for wait_s in (0, 30, 31):
        clock.pass_s(wait_s)  # type: ignore[attr-defined]
        with flights.read() as connection:
            found = find_key(connection, secret)
        assert found is not None
        touch_key(flights, found)
        seen.append(list_keys(flights)[0].last_used_at)
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.parametrize(
    ("model", "kind", "name", "error"),
    [
        ("nothing", "feedback", "x", NameUnknown),
        ("flights", "everything", "x", UsageError),
        ("flights", "feedback", " ", UsageError),
        ("flights", "feedback", "x" * 81, UsageError),
    ],
)
def test_what_no_key_can_be(
    flights: Database, model: str, kind: str, name: str, error: type[Exception]
) -> None:
    with pytest.raises(error), flights.write("ann") as write:
        add_key(write, model, kind, name)
    assert list_keys(flights) == []


def test_only_who_configures_the_model_makes_and_revokes(flights: Database) -> None:
    for role in ("viewer", "annotator", "product_owner"):
        with pytest.raises(AccessDenied):
            create_key(flights, viewer(role), "flights", "feedback", "x")
    with pytest.raises(AccessDenied):
        create_key(flights, viewer("data_scientist", "digits"), "flights", "feedback", "x")
    key, _secret = create_key(flights, viewer("data_scientist"), "flights", "feedback", "x")
    with pytest.raises(AccessDenied):
        end_key(flights, viewer("data_scientist", "digits"), key.id)
    assert keys_of(flights, viewer("data_scientist", "digits")) == []
    assert keys_of(flights, viewer("data_scientist")) == [key]
    assert end_key(flights, viewer("data_scientist"), key.id)
    with pytest.raises(NameUnknown):
        end_key(flights, viewer("data_scientist"), 999)
