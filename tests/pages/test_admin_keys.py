"""API keys and webhooks on the Admin page: made, told once, ended; for admins alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.core import Schema
from app.auth.viewer import Viewer
from app.settings import settings_in_force
from app.state.database import Database, open_database
from app.state.grants import Grant
from app.state.hooks import list_deliveries, list_hooks
from app.state.keys import find_key, list_keys
from app.state.models import save_schema
from app.state.rhythms import rhythm_of
from app.state.users import add_user


@pytest.fixture
def flights(on_nothing: None) -> Database:
    database = open_database(settings_in_force().database_url)
    with database.write("test") as write:
        add_user(write, "ann", "admin", "no password")
        save_schema(write, "flights", Schema("binary", (), ("0", "1"), "1"), {})
    return database


def test_a_key_is_told_once(flights: Database, run) -> None:  # type: ignore[no-untyped-def]
    app = run("admin")
    app.text_input(key="key_name").set_value("website")
    app.button(key="FormSubmitter:key_new-Make key").click().run()
    told = [code.value for code in app.code if code.value.startswith("tell_")]
    (key,) = list_keys(flights)
    with flights.read() as connection:
        assert find_key(connection, told[0]) == key
    app.run()
    assert not [code for code in app.code if code.value.startswith("tell_")]
    app.button(key="key_revoke").click().run()
    assert list_keys(flights)[0].revoked_at is not None


def test_a_webhook_is_made_and_removed(flights: Database, run) -> None:  # type: ignore[no-untyped-def]
    app = run("admin")
    app.text_input(key="hook_name").set_value("desk")
    app.text_input(key="hook_url").set_value("http://user:pw@desk.example")
    app.button(key="FormSubmitter:hook_new-Make webhook").click().run()
    assert list_hooks(flights) == []
    app.text_input(key="hook_url").set_value("https://desk.example/in")
    app.button(key="FormSubmitter:hook_new-Make webhook").click().run()
    assert [h.url for h in list_hooks(flights)] == ["https://desk.example/in"]
    app.button(key="hook_remove").click().run()
    assert list_hooks(flights) == []


def test_a_digest_is_tested(flights: Database, run) -> None:  # type: ignore[no-untyped-def]
    app = run("admin")
    app.text_input(key="hook_name").set_value("ann")
    app.selectbox(key="hook_purpose").set_value("digest")
    app.selectbox(key="hook_style").set_value("mail")
    app.text_input(key="hook_url").set_value("mailto:ann@example.org")
    app.button(key="FormSubmitter:hook_new-Make webhook").click().run()
    app.button(key="hook_test").click().run()
    assert [(d.feedback_id, d.state) for d in list_deliveries(flights)] == [("test", "waiting")]


def test_when_a_webhook_is_told_is_chosen(flights: Database, run) -> None:  # type: ignore[no-untyped-def]
    app = run("admin")
    for name in ("team", "lead"):
        app.text_input(key="hook_name").set_value(name)
        app.selectbox(key="hook_purpose").set_value("alert")
        app.text_input(key="hook_url").set_value("https://desk.example/in")
        app.button(key="FormSubmitter:hook_new-Make webhook").click().run()
    team, lead = list_hooks(flights)
    app.selectbox(key="hook_chosen").set_value(team.id).run()
    app.multiselect(key=f"rhythm_{team.id}_days").set_value(["5", "6"])
    app.selectbox(key=f"rhythm_{team.id}_next").set_value(lead.id)
    app.number_input(key=f"rhythm_{team.id}_after").set_value(15)
    app.button(key=f"FormSubmitter:rhythm_{team.id}-Keep").click().run()
    assert not app.exception
    found = rhythm_of(flights, team.id)
    assert (found.how, found.quiet_days, found.quiet_start, found.quiet_minutes) == (
        "each", "56", 1320, 540,
    )  # fmt: skip
    assert (found.next_hook, found.next_after) == (lead.id, 15)


def test_without_a_model_there_is_no_form(on_nothing: None, run, texts) -> None:  # type: ignore[no-untyped-def]
    with open_database(settings_in_force().database_url).write("test") as write:
        add_user(write, "ann", "admin", "no password")
    app = run("admin")
    assert texts(app).count("belongs to one model, and there is none yet") == 2
    assert not [button for button in app.button if "Make" in button.label]


def test_the_trail_says_changes_in_words(flights: Database, run) -> None:  # type: ignore[no-untyped-def]
    with flights.write("ann") as write:
        write.audit("grant", "user", "bob", role="viewer", model="*", is_demo=False)
    tables = [frame.value for frame in run("admin").dataframe]
    (trail,) = [t for t in tables if "Change" in t]
    assert trail["Change"][0] == "is demo: no; model: every model; role: viewer"


def test_nobody_else_sees_them(enter, tmp_path: Path, run, texts) -> None:  # type: ignore[no-untyped-def]
    enter(tmp_path, Viewer("s", "S", "data_scientist", (Grant("data_scientist", "*"),)))
    said = texts(run("admin"))
    assert "no right to manage users" in said
    assert "API keys" not in said
