"""Rights in a real browser: direct links, fragments after sign-out, callbacks, models."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

ADMIN = "correct horse battery"


def change_state(server, statement: str, *values: object) -> None:
    with (
        closing(sqlite3.connect(server.home / "telltale.db", timeout=30)) as connection,
        connection,
    ):
        connection.execute(statement, values)


@pytest.fixture
def make_admin(server):
    """Make the demo scientist an admin for one test."""
    change_state(
        server,
        'INSERT OR IGNORE INTO "grant" (user_id, role, model, created_at)'
        " SELECT id, 'admin', '*', '2020-01-01 00:00:00.000000' FROM user WHERE name = 'scientist'",
    )
    yield
    change_state(server, "DELETE FROM \"grant\" WHERE role = 'admin'")


def test_a_forbidden_page_says_so_at_its_link(page, sign_in, idle) -> None:
    sign_in(page, "product-owner")
    page.goto("/admin")
    idle(page)
    expect(page.get_by_text("You have no right to manage users")).to_be_visible()
    expect(page.get_by_role("heading", name="Admin")).to_be_hidden()
    expect(page.get_by_test_id("stSidebar").get_by_text("Admin")).to_be_hidden()


def test_a_forbidden_link_stays_forbidden_through_sign_in(page, sign_in) -> None:
    sign_in(page, "annotator", "/admin")
    expect(page.get_by_text("You have no right to manage users")).to_be_visible()


def test_a_fragment_stops_after_sign_out_elsewhere(page, sign_in, idle) -> None:
    sign_in(page)
    expect(page.get_by_text("this browser")).to_be_visible()
    other = page.context.new_page()
    other.goto("/account")
    idle(other)
    other.locator(".st-key-sign_out button").click()
    expect(other.locator(".st-key-demo_scientist")).to_be_visible()
    # nothing is clicked here: the fragment's own timer finds out
    expect(page.locator(".st-key-demo_scientist")).to_be_visible()
    expect(page.get_by_text("this browser")).to_be_hidden()


def test_a_callback_without_the_right_does_nothing(page, server, sign_in, make_admin, idle) -> None:
    sign_in(page, "scientist", "/admin")
    expect(page.get_by_role("heading", name="Admin")).to_be_visible()
    page.get_by_label("User name").fill("eve")
    change_state(server, "DELETE FROM \"grant\" WHERE role = 'admin'")
    page.get_by_role("button", name="Create user").click()
    idle(page)
    expect(page.get_by_text("You have no right to manage users").first).to_be_visible()
    with closing(sqlite3.connect(server.home / "telltale.db")) as connection:
        assert connection.execute("SELECT * FROM user WHERE name = 'eve'").fetchall() == []


def test_an_admin_creates_a_user_and_grants(page, server, sign_in, make_admin, idle) -> None:
    sign_in(page, "scientist", "/admin")
    page.get_by_label("User name").fill("nora")
    page.get_by_role("button", name="Create user").click()
    expect(page.get_by_text("It is shown only now.")).to_be_visible()
    idle(page)
    with closing(sqlite3.connect(server.home / "telltale.db")) as connection:
        found = connection.execute("SELECT must_change_password FROM user WHERE name = 'nora'")
        assert found.fetchone() == (1,)
        rows = connection.execute("SELECT actor FROM audit WHERE object_id = 'nora'").fetchall()
    assert ("scientist",) in rows


def test_another_browser_can_be_ended(page, new_page, sign_in, idle) -> None:
    sign_in(page, "product-owner")
    other = new_page()
    sign_in(other, "product-owner")
    page.reload()
    idle(page)
    page.get_by_role("button", name="End", exact=True).first.click()
    expect(other.locator(".st-key-demo_product-owner")).to_be_visible()


@pytest.fixture
def grant_flights(server):
    """The demo annotator may see one model for one test."""
    change_state(
        server,
        'INSERT INTO "grant" (user_id, role, model, created_at)'
        " SELECT id, 'viewer', 'flights', '2020-01-01 00:00:00.000000'"
        " FROM user WHERE name = 'annotator'",
    )
    yield
    change_state(server, "DELETE FROM \"grant\" WHERE model = 'flights'")


def test_a_link_to_a_model_without_a_grant(page, sign_in, grant_flights) -> None:
    sign_in(page, "annotator", "/performance?m=loans")
    expect(page.get_by_text("You have no right to see the numbers").first).to_be_visible()
    expect(page.get_by_text("loans").first).to_be_visible()


def test_a_shared_link_asks_the_grants_of_who_opens_it(
    page, new_page, sign_in, grant_flights, idle
) -> None:
    sign_in(page, "annotator", "/performance?m=flights&w=7d")
    refused = "You have no right to see the numbers"
    expect(page.get_by_text(refused)).to_be_hidden()
    other = new_page()
    sign_in(other, "product-owner", page.url)
    expect(other.get_by_text(refused).first).to_be_visible()
