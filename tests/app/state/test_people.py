"""Users, sessions, tickets, grants and the throttle, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from analytics.errors import NameUnknown, UsageError
from app.state.audit import list_entries
from app.state.grants import Grant, add_grant, count_admins, list_grants, remove_grant
from app.state.sessions import (
    count_sessions,
    find_session,
    issue_ticket,
    list_sessions,
    open_session,
    redeem_ticket,
    revoke_session,
    revoke_sessions,
    touch_session,
)
from app.state.throttle import begin_attempt, forget_failures
from app.state.users import add_user, find_user, get_user, list_users, set_active

IDLE_S, ABSOLUTE_S = 600, 3600


@pytest.fixture
def ann(database):
    with database.write("test") as write:
        return add_user(write, "Ann", "viewer", "hash", display_name="Ann Ä")


def open_for(database, user) -> str:
    with database.write(user.name) as write:
        return open_session(write, user, ABSOLUTE_S, ip="10.0.0.1", user_agent="x" * 900)


def is_live(database, token: str) -> bool:
    with database.read() as connection:
        return find_session(connection, token, database.clock(), IDLE_S) is not None


def test_users(database, ann) -> None:
    assert (ann.name, ann.display_name) == ("ann", "Ann Ä")
    assert list_users(database) == [ann]
    with database.read() as connection:
        assert find_user(connection, " ANN ") == ann
        with pytest.raises(NameUnknown):
            get_user(connection, "bob")
    assert list_entries(database, 1)[0].object_id == "ann"


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "<b>", "-a"])
def test_a_name_must_be_usable(database, name: str) -> None:
    with pytest.raises(UsageError), database.write("test") as write:
        add_user(write, name, "viewer", "hash")


def test_a_name_is_taken_once(database, ann) -> None:
    with pytest.raises(UsageError, match="already"), database.write("test") as write:
        add_user(write, "ANN", "viewer", "hash")


def test_a_session_lives_while_it_is_used(database, ann, clock) -> None:
    token = open_for(database, ann)
    clock.pass_s(IDLE_S - 1)
    with database.read() as connection:
        session, user = find_session(connection, token, clock(), IDLE_S)
    assert user == ann
    assert session.ip == "10.0.0.1"
    touch_session(database, session)
    clock.pass_s(IDLE_S - 1)
    assert is_live(database, token)
    clock.pass_s(2)
    assert not is_live(database, token)


def test_a_session_ends_though_it_is_used(database, ann, clock) -> None:
    token = open_for(database, ann)
    for _ in range(ABSOLUTE_S // 300):
        clock.pass_s(300)
        with database.read() as connection:
            found = find_session(connection, token, clock(), IDLE_S)
        if found is not None:
            touch_session(database, found[0])
    assert not is_live(database, token)


def test_only_hashes_of_tokens_are_kept(database, ann) -> None:
    token = open_for(database, ann)
    with database.write("ann") as write:
        ticket = issue_ticket(write, ann)
    with database.read() as connection:
        for table in ("session", "ticket", "audit"):
            rows = str(connection.execute(sa.text(f"SELECT * FROM {table}")).all())
            assert token not in rows
            assert ticket not in rows


def test_a_revoked_session_is_dead(database, ann) -> None:
    first, second, third = (open_for(database, ann) for _ in range(3))
    sessions = list_sessions(database, ann.id, IDLE_S)
    assert count_sessions(database, IDLE_S) == 3
    with database.read() as connection:
        kept = find_session(connection, first, database.clock(), IDLE_S)[0]
        other = find_session(connection, second, database.clock(), IDLE_S)[0]
    with database.write("ann") as write:
        assert revoke_session(write, ann, other.id)
        assert not revoke_session(write, ann, other.id)
    assert [is_live(database, t) for t in (first, second, third)] == [True, False, True]
    with database.write("ann") as write:
        assert revoke_sessions(write, ann, except_id=kept.id) == 1
    assert [is_live(database, t) for t in (first, second, third)] == [True, False, False]
    assert len(sessions) == 3


def test_nobody_ends_the_session_of_another(database, ann) -> None:
    token = open_for(database, ann)
    with database.write("test") as write:
        bob = add_user(write, "bob", "viewer", "hash")
        session = list_sessions(database, ann.id, IDLE_S)[0]
        assert not revoke_session(write, bob, session.id)
    assert is_live(database, token)


def test_a_closed_account_has_no_session(database, ann) -> None:
    token = open_for(database, ann)
    with database.write("test") as write:
        set_active(write, ann, False)
    assert not is_live(database, token)


def test_a_ticket_works_once_and_not_for_long(database, ann, clock) -> None:
    with database.write("ann") as write:
        first, second = issue_ticket(write, ann), issue_ticket(write, ann)
    with database.write("ann") as write:
        assert redeem_ticket(write, first) == ann
        assert redeem_ticket(write, first) is None
        assert redeem_ticket(write, "made up") is None
    clock.pass_s(31)
    with database.write("ann") as write:
        assert redeem_ticket(write, second) is None


def test_a_ticket_of_a_closed_account_is_worth_nothing(database, ann) -> None:
    with database.write("ann") as write:
        ticket = issue_ticket(write, ann)
        set_active(write, ann, False)
    with database.write("ann") as write:
        assert redeem_ticket(write, ticket) is None


def test_grants_are_none_until_given(database, ann) -> None:
    grant = Grant("viewer", "flights")
    with database.write("test") as write:
        assert list_grants(write.connection, ann.id) == ()
        add_grant(write, ann, grant)
        add_grant(write, ann, grant)
        add_grant(write, ann, Grant("annotator", "*"))
        assert list_grants(write.connection, ann.id) == (Grant("annotator", "*"), grant)
        remove_grant(write, ann, grant)
        remove_grant(write, ann, grant)
        assert list_grants(write.connection, ann.id) == (Grant("annotator", "*"),)
    actions = [entry.action for entry in list_entries(database, 3)]
    assert actions == ["take grant", "grant", "grant"]


def test_admins_are_counted_by_grant_and_being_open(database, ann) -> None:
    with database.write("test") as write:
        add_grant(write, ann, Grant("admin", "*"))
        assert count_admins(write.connection) == 1
        set_active(write, ann, False)
        assert count_admins(write.connection) == 0


def attempts(database, n: int, name: str = "ann", address: str = "a") -> list[bool]:
    return [begin_attempt(database, name, address, 3, 60) is None for _ in range(n)]


def test_failures_are_limited_and_forgotten(database, clock) -> None:
    assert attempts(database, 4) == [True, True, True, False]
    assert begin_attempt(database, "ann", "a", 3, 60) == pytest.approx(60)
    clock.pass_s(59)
    assert attempts(database, 1) == [False]
    clock.pass_s(1)
    assert attempts(database, 4) == [True, True, True, False]


def test_one_address_does_not_lock_a_user_out_elsewhere(database) -> None:
    attempts(database, 4)
    assert attempts(database, 1, address="b") == [True]


def test_an_address_cannot_walk_through_many_names(database) -> None:
    allowed = [attempts(database, 1, name=f"user{i}")[0] for i in range(13)]
    assert allowed == [True] * 12 + [False]


def test_a_name_cannot_be_tried_from_everywhere(database) -> None:
    allowed = [attempts(database, 1, address=f"a{i}")[0] for i in range(61)]
    assert allowed == [True] * 60 + [False]


def test_success_forgets_the_failures(database) -> None:
    attempts(database, 3)
    forget_failures(database, "ann", "a")
    assert attempts(database, 1) == [True]
