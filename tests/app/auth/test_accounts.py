"""Passwords, signing in, and the verbs on accounts, without a screen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from analytics.errors import AccessDenied, UsageError
from app.auth.accounts import (
    change_own_password,
    create_account,
    end_all_sessions,
    end_session,
    give_grant,
    reset_password,
    set_account_active,
    take_grant,
)
from app.auth.demo import DEMO_USERS, create_demo_users
from app.auth.passwords import check_policy, hash_password, is_password
from app.auth.sign_in import sign_in, sign_in_demo
from app.auth.start import create_first_admin, prepare
from app.auth.viewer import load_viewer, operator
from app.settings import read_settings
from app.state.audit import list_entries
from app.state.database import Database
from app.state.grants import Grant, add_grant, remove_grant
from app.state.sessions import list_sessions, open_session, redeem_ticket
from app.state.users import get_user, list_users, set_password

GOOD = "correct horse battery"


def settings_for(home, **more: object):
    return read_settings(
        {}, home=str(home.url.removeprefix("sqlite:///").rpartition("/")[0]), **more
    )


@pytest.fixture
def settings(home):
    return settings_for(home)


@pytest.fixture
def ann(home):
    """A user with a known password."""
    create_account(home, operator(), "ann", "viewer")
    hashed = hash_password(GOOD)
    with home.write("test") as write:
        user = get_user(write.connection, "ann")
        set_password(write, user, hashed)
        return user


def viewer_of(home, settings, user):
    with home.write("test") as write:
        token = open_session(write, user, 3600)
    return load_viewer(home, settings, token)[0], token


def test_who_was_known_a_moment_ago_is_asked_for_the_time_and_for_rights_each_time(
    home, settings, ann, monkeypatch
) -> None:
    viewer, token = viewer_of(home, settings, ann)
    assert load_viewer(home, settings, token)[0] == viewer
    now = home.clock()
    for seconds in (settings.number("session_idle_s"), 3600):
        monkeypatch.setattr(home, "clock", lambda seconds=seconds: now + timedelta(seconds=seconds))
        assert load_viewer(home, settings, token) is None
    monkeypatch.undo()
    another = Database(home.url)  # a process beside this one
    for change, expected in ((add_grant, True), (remove_grant, False)):
        with another.write("test") as write:
            change(write, ann, Grant("admin", "only-this"))
        may = load_viewer(home, settings, token)[0].may("import", "only-this")
        assert may is expected
    another.close()


@pytest.mark.parametrize(
    "password", ["short", "aaaaaaaaaaaaaaaa", "abababababababab", "é" * 37, "x1!" * 30]
)
def test_a_bad_password_is_refused_with_a_reason(password: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_policy(password)
    assert refused.value.why
    assert password not in str(refused.value)


def test_a_good_password_is_taken() -> None:
    check_policy(GOOD)
    check_policy("ä" * 30 + "bcde12")


def test_a_hash_fits_its_password_alone() -> None:
    hashed = hash_password(GOOD)
    assert is_password(GOOD, hashed)
    assert not is_password(f"{GOOD} ", hashed)
    assert not is_password("", hashed)
    assert not is_password(GOOD + "x" * 80, hashed)
    assert not is_password(GOOD, None)
    assert not is_password(GOOD, "")


def test_signing_in_gives_a_ticket(home, settings, ann) -> None:
    ticket = sign_in(home, settings, " Ann", GOOD, "local")
    with home.write("test") as write:
        assert redeem_ticket(write, ticket).name == "ann"


def refusal(home, settings, name: str, password: str) -> str:
    with pytest.raises(AccessDenied) as refused:
        sign_in(home, settings, name, password, "local")
    return str(refused.value)


def test_every_refusal_says_the_same(home, settings, ann) -> None:
    said = {refusal(home, settings, "ann", "wrong"), refusal(home, settings, "bob", "wrong")}
    set_account_active_of(home, "ann", False)
    said.add(refusal(home, settings, "ann", GOOD))
    said.add(refusal(home, settings, "ann", "x" * 500))
    assert len(said) == 1
    assert [e.action for e in list_entries(home, 3)] == ["sign-in refused"] * 2 + ["deactivate"]


def set_account_active_of(home, name: str, is_active: bool) -> None:
    create_account(home, operator(), "boss", "admin")
    give_grant(home, operator(), "boss", Grant("admin", "*"))
    set_account_active(home, operator(), name, is_active)


def test_guessing_is_stopped_even_for_the_right_password(home, settings, ann) -> None:
    for _ in range(5):
        refusal(home, settings, "ann", "wrong")
    assert "Too many" in refusal(home, settings, "ann", GOOD)
    assert sign_in(home, settings, "ann", GOOD, "elsewhere")


def test_changing_the_password_ends_the_other_sessions(home, settings, ann) -> None:
    here, here_token = viewer_of(home, settings, ann)
    _there, there_token = viewer_of(home, settings, ann)
    with pytest.raises(AccessDenied):
        change_own_password(home, settings, here, "wrong", "another good pass")
    with pytest.raises(UsageError):
        change_own_password(home, settings, here, GOOD, GOOD)
    change_own_password(home, settings, here, GOOD, "another good pass")
    assert load_viewer(home, settings, here_token) is not None
    assert load_viewer(home, settings, there_token) is None
    assert sign_in(home, settings, "ann", "another good pass", "local")


def test_a_reset_ends_every_session_and_asks_for_a_change(home, settings, ann) -> None:
    _viewer, token = viewer_of(home, settings, ann)
    password = reset_password(home, operator(), "ann")
    assert load_viewer(home, settings, token) is None
    assert sign_in(home, settings, "ann", password, "local")
    assert get_one(home, "ann").must_change_password


def get_one(home, name: str):
    with home.read() as connection:
        return get_user(connection, name)


def test_verbs_ask_for_the_right_themselves(home, settings, ann) -> None:
    viewer, _token = viewer_of(home, settings, ann)
    for refused in (
        lambda: create_account(home, viewer, "eve", "viewer"),
        lambda: reset_password(home, viewer, "ann"),
        lambda: set_account_active(home, viewer, "ann", False),
        lambda: give_grant(home, viewer, "ann", Grant("admin", "*")),
        lambda: take_grant(home, viewer, "ann", Grant("viewer", "*")),
    ):
        with pytest.raises(AccessDenied):
            refused()


def test_sessions_are_ended_by_their_owner(home, settings, ann) -> None:
    viewer, token = viewer_of(home, settings, ann)
    _again, other = viewer_of(home, settings, ann)
    assert not end_session(home, viewer, 999)
    assert end_session(home, viewer, load_viewer(home, settings, other)[1].id)
    assert end_all_sessions(home, viewer) == 1
    assert load_viewer(home, settings, token) is None
    assert list_sessions(home, ann.id, 600) == []


def test_the_last_admin_stays(home) -> None:
    create_account(home, operator(), "boss", "admin")
    grant = Grant("admin", "*")
    give_grant(home, operator(), "boss", grant)
    with pytest.raises(UsageError, match="nobody to manage"):
        take_grant(home, operator(), "boss", grant)
    with pytest.raises(UsageError, match="nobody to manage"):
        set_account_active(home, operator(), "boss", False)
    assert get_one(home, "boss").is_active


def test_a_grant_names_things_that_exist(home, ann) -> None:
    with pytest.raises(UsageError, match="no model"):
        give_grant(home, operator(), "ann", Grant("viewer", "nothing"))
    with pytest.raises(UsageError, match="no role"):
        give_grant(home, operator(), "ann", Grant("emperor", "*"))
    with pytest.raises(UsageError, match="every model"):
        give_grant(home, operator(), "ann", Grant("admin", "flights"))


def test_the_first_admin_is_made_once(home) -> None:
    settings = settings_for(home)
    password = prepare(settings)
    assert prepare(settings) is None
    assert create_first_admin(home, settings) is None
    assert [user.name for user in list_users(home)] == ["admin"]
    assert sign_in(home, settings, "admin", password, "local")
    assert get_one(home, "admin").must_change_password


def test_the_first_password_may_be_given(home) -> None:
    settings = settings_for(home, admin_password=GOOD, admin_name="root")
    assert prepare(settings) is None
    assert sign_in(home, settings, "root", GOOD, "local")
    assert not get_one(home, "root").must_change_password


def test_a_bad_first_password_stops_the_start(home) -> None:
    with pytest.raises(UsageError):
        prepare(settings_for(home, admin_password="short"))


def test_demo_users_are_there_in_the_demo_alone(home) -> None:
    demo, real = settings_for(home, demo=True), settings_for(home)
    prepare(demo)
    prepare(demo)
    assert {user.name for user in list_users(home)} == {user.name for user in DEMO_USERS}
    ticket = sign_in_demo(home, demo, "scientist")
    with home.write("test") as write:
        token = open_session(write, redeem_ticket(write, ticket), 3600)
    viewer, _session = load_viewer(home, demo, token)
    assert viewer.may("view", "anything")
    assert load_viewer(home, real, token) is None
    with pytest.raises(AccessDenied):
        sign_in_demo(home, real, "scientist")
    for password in ("", "scientist"):
        assert "wrong" in refusal(home, real, "scientist", password)


def test_the_demo_never_signs_in_somebody_real(home, ann) -> None:
    create_demo_users(home)
    with pytest.raises(AccessDenied):
        sign_in_demo(home, settings_for(home, demo=True), "ann")
