"""Sign-in, Account and Admin pages run by Streamlit's own test harness, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.auth.accounts import create_account
from app.auth.passwords import hash_password
from app.auth.viewer import operator
from app.settings import settings_in_force
from app.state.audit import list_entries
from app.state.grants import Grant, list_grants
from app.state.users import get_user, set_password

ROOT = Path(__file__).resolve().parents[3]
GOOD = "correct horse battery"


def run(page: str | None = None) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run()
    if page is not None:
        app = app.switch_page(f"../pages/{page}.py").run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    shown = (app.title, app.subheader, app.markdown, app.caption)
    return "\n".join(element.value for kind in shown for element in kind)


def button(app: AppTest, label: str):
    return next(b for b in app.button if b.label == label)


def test_nobody_sees_the_form(home) -> None:
    app = run()
    assert [field.label for field in app.text_input] == ["User name", "Password"]
    assert "sample logs" not in texts(app)


def test_a_wrong_password_gets_the_general_answer(home) -> None:
    app = run()
    app.text_input[0].set_value("ann")
    app.text_input[1].set_value("wrong")
    button(app, "Sign in").click()
    app.run()
    assert "The user name or the password is wrong." in texts(app)


def test_the_demo_shows_its_people(home, monkeypatch) -> None:
    from app.auth.demo import create_demo_users

    monkeypatch.setenv("TELLTALE_DEMO", "1")
    settings_in_force.cache_clear()
    create_demo_users(home)
    app = run()
    for person in ("Data scientist", "Product owner", "Annotator"):
        assert person in texts(app)


def test_an_account_without_grants(home, signed_in) -> None:
    signed_in("ann")
    app = run("account")
    assert "No grants yet" in texts(app)
    assert "this browser" in texts(app)


def test_admin_is_closed_to_others(home, signed_in) -> None:
    signed_in("ann", ("data_scientist", "*"))
    app = run("admin")
    assert "no right to manage users" in texts(app)
    assert "Users and grants" not in str(app.tabs)
    assert list_entries(home, 1)[0].action == "refused"


def test_a_one_time_password_leads_to_choosing_one(home, signed_in) -> None:
    create_account(home, operator(), "ann", "viewer")
    with home.write("test") as write:
        set_password(
            write, get_user(write.connection, "ann"), hash_password(GOOD), must_change=True
        )
    signed_in("ann", ("viewer", "*"))
    app = run("account")
    assert "Choose your own password first" in texts(app)
    for field, value in zip(
        app.text_input, (GOOD, "four other words", "four other words"), strict=True
    ):
        field.set_value(value)
    button(app, "Change password").click()
    app.run()
    assert "Your password is changed." in texts(app)
    assert "What you may do" in texts(app)


def test_two_new_passwords_that_differ(home, signed_in) -> None:
    signed_in("ann")
    app = run("account")
    for field, value in zip(app.text_input, ("x", "four other words", "other"), strict=True):
        field.set_value(value)
    button(app, "Change password").click()
    app.run()
    assert "differ" in texts(app)


@pytest.fixture
def overview(tmp_path, monkeypatch):
    """A page about a model, drawn for whoever has the right on it."""
    from app import navigation

    (tmp_path / "account.py").write_text("import streamlit as st\nst.title('Account')\n")
    (tmp_path / "overview.py").write_text(
        "import streamlit as st\nst.title('The numbers of ' + st.query_params['m'])\n"
    )
    monkeypatch.setattr(navigation, "PAGES_FOLDER", tmp_path)
    return tmp_path / "overview.py"


def open_link(page: Path, model: str) -> str:
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
    app.query_params["m"] = model
    app.run()
    app.switch_page(str(page))
    app.query_params["m"] = model
    app.run()
    assert not app.exception
    return texts(app)


def test_a_link_to_a_model_without_a_grant_is_refused(home, signed_in, overview) -> None:
    signed_in("ann", ("viewer", "flights"))
    assert "The numbers of flights" in open_link(overview, "flights")
    refused = open_link(overview, "loans")
    assert "The numbers of" not in refused
    assert "no right to see the numbers of a model" in refused


def test_a_shared_link_asks_the_grants_of_who_opens_it(home, signed_in, overview) -> None:
    signed_in("ann", ("viewer", "*"))
    assert "The numbers of loans" in open_link(overview, "loans")
    signed_in("bob")
    assert "The numbers of" not in open_link(overview, "loans")


@pytest.fixture
def admin(signed_in):
    return signed_in("boss", ("admin", "*"), role="admin")


def test_an_admin_creates_closes_and_resets(home, admin) -> None:
    app = run("admin")
    app.text_input(key="new_name").set_value("ann")
    button(app, "Create user").click()
    app.run()
    assert "shown only now" in texts(app)
    app.selectbox(key="admin_user").set_value("ann").run()
    button(app, "Close account").click()
    app.run()
    with home.read() as connection:
        assert not get_user(connection, "ann").is_active
    button(app, "New one-time password").click()
    app.run()
    assert app.code[0].value
    assert not app.exception


def test_an_admin_gives_and_takes_grants(home, admin) -> None:
    create_account(home, operator(), "ann", "viewer")
    app = run("admin")
    app.selectbox(key="admin_user").set_value("ann").run()
    assert "No grants" in texts(app)
    app.selectbox(key="grant_role").set_value("annotator")
    button(app, "Grant").click()
    app.run()
    with home.read() as connection:
        user = get_user(connection, "ann")
        assert list_grants(connection, user.id) == (Grant("annotator", "*"),)
    assert "Annotator on every model" in texts(app)
    button(app, "Take away").click()
    app.run()
    with home.read() as connection:
        assert list_grants(connection, user.id) == ()


def test_the_last_admin_cannot_take_the_own_grant(home, admin) -> None:
    app = run("admin")
    button(app, "Take away").click()
    app.run()
    assert "leave nobody to manage users" in texts(app)


def test_the_trail_is_checked_and_secrets_are_hidden(home, admin, monkeypatch) -> None:
    monkeypatch.setenv("TELLTALE_ADMIN_PASSWORD", GOOD)
    settings_in_force.cache_clear()
    app = run("admin")
    app.button(key="audit_verify").click().run()
    assert "each fits the one before" in texts(app)
    assert all(GOOD not in str(table.value) for table in app.dataframe)


def test_signing_out_ends_the_session(home, signed_in) -> None:
    signed_in("ann")
    app = run("account")
    app.button(key="sign_out").click().run()
    app.run()
    assert [field.label for field in app.text_input] == ["User name", "Password"]
