"""Signing in and out in a real browser: cookie, replay, deep link, throttle, expiry."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from app.auth.accounts import create_account
from app.auth.viewer import operator
from app.state.database import Database

pytestmark = pytest.mark.browser


def session_cookie(page, server):
    return next((c for c in page.context.cookies() if c["name"] == server.cookie), None)


def change_state(server, statement: str, *values: object) -> None:
    """Change the state behind the server's back, as time or another process would."""
    with (
        closing(sqlite3.connect(server.home / "telltale.db", timeout=30)) as connection,
        connection,
    ):
        connection.execute(statement, values)


def test_the_sign_in_page_says_what_this_is(page, idle) -> None:
    page.goto("/")
    idle(page)
    expect(page.get_by_role("heading", name="Telltale")).to_be_visible()
    for person in ("Data scientist", "Product owner", "Annotator"):
        expect(page.get_by_text(person, exact=True)).to_be_visible()
    expect(page.locator("[data-testid=stSidebar]")).to_be_hidden()


def test_the_cookie_is_out_of_reach_of_scripts(page, server, sign_in) -> None:
    sign_in(page)
    cookie = session_cookie(page, server)
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict"
    assert server.cookie not in page.evaluate("document.cookie")


def test_a_copied_cookie_is_dead_after_sign_out(page, new_page, server, sign_in, idle) -> None:
    sign_in(page)
    stolen = session_cookie(page, server)
    thief = new_page()
    thief.context.add_cookies([stolen])
    thief.goto("/account")
    expect(thief.get_by_role("heading", name="Account")).to_be_visible()
    page.locator(".st-key-sign_out button").click()
    expect(page.locator(".st-key-demo_scientist")).to_be_visible()
    assert session_cookie(page, server) is None
    thief.goto("/account")
    idle(thief)
    expect(thief.locator(".st-key-demo_scientist")).to_be_visible()
    expect(thief.get_by_role("heading", name="Account")).to_be_hidden()


def test_a_deep_link_survives_signing_in(page, sign_in) -> None:
    sign_in(page, path="/account?m=flights&w=7d&seg=origin+%3D+%27JFK%27")
    url = urlsplit(page.url)
    assert url.path == "/account"
    assert url.query == "m=flights&w=7d&seg=origin+%3D+%27JFK%27"
    expect(page.get_by_role("heading", name="Account")).to_be_visible()


def test_the_bare_address_leads_to_the_first_page(page, sign_in) -> None:
    sign_in(page, path="/")
    assert urlsplit(page.url).path != "/"


def test_a_ticket_opens_one_session(page, server, sign_in) -> None:
    with page.expect_request("**/auth/session") as posted:
        sign_in(page)
    ticket = posted.value.post_data_json["ticket"]
    again = page.request.post("/auth/session", data={"ticket": ticket})
    assert again.status == 401


def test_another_site_cannot_post(page) -> None:
    foreign = {"Origin": "http://elsewhere.example"}
    assert page.request.post("/auth/session", data={"ticket": "x"}, headers=foreign).status == 403
    assert page.request.post("/auth/logout", headers=foreign).status == 403


def test_a_link_cannot_sign_anybody_out(page, server, sign_in) -> None:
    sign_in(page)
    page.request.get("/auth/logout")
    page.goto("/auth/logout")
    page.goto("/account")
    expect(page.get_by_role("heading", name="Account")).to_be_visible()


def try_password(page, name: str, password: str, idle) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    idle(page)


def test_a_new_user_chooses_a_password_first(page, server, idle) -> None:
    database = Database(f"sqlite:///{server.home / 'telltale.db'}")
    password = create_account(database, operator(), "lena", "viewer")
    database.close()
    page.goto("/")
    idle(page)
    page.get_by_text("Sign in with a name and password").click()
    try_password(page, "lena", password, idle)
    expect(page.get_by_text("Choose your own password first.")).to_be_visible()
    page.goto("/admin")
    expect(page.get_by_text("Your one-time password must be changed first.")).to_be_visible()
    page.goto("/account")
    page.get_by_label("Present password").fill(password)
    page.get_by_label("New password", exact=True).fill("four unrelated words")
    page.get_by_label("New password again").fill("four unrelated words")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    expect(page.get_by_role("heading", name="What you may do")).to_be_visible()
    page.goto("/")  # without a grant there is no page in the menu
    expect(page.get_by_role("heading", name="Account")).to_be_visible()


def test_failures_are_slowed_down_and_forgotten(page, server, idle) -> None:
    page.goto("/")
    idle(page)
    page.get_by_text("Sign in with a name and password").click()
    for _ in range(5):
        try_password(page, "mallory", "wrong password", idle)
        expect(page.get_by_text("The user name or the password is wrong.")).to_be_visible()
    try_password(page, "mallory", "wrong password", idle)
    expect(page.get_by_text("Too many failed sign-ins.")).to_be_visible()
    change_state(server, "DELETE FROM login_failure WHERE name = 'mallory'")
    try_password(page, "mallory", "wrong password", idle)
    expect(page.get_by_text("The user name or the password is wrong.")).to_be_visible()


def test_an_idle_session_ends(page, server, sign_in, idle) -> None:
    sign_in(page, "annotator")
    change_state(
        server,
        "UPDATE session SET last_seen_at = '2000-01-01 00:00:00.000000' WHERE user_id ="
        " (SELECT id FROM user WHERE name = 'annotator')",
    )
    page.reload()
    idle(page)
    expect(page.locator(".st-key-demo_annotator")).to_be_visible()


def test_a_session_ends_after_its_absolute_time(page, server, sign_in, idle) -> None:
    sign_in(page, "annotator")
    change_state(server, "UPDATE session SET expires_at = '2000-01-01 00:00:00.000000'")
    page.reload()
    idle(page)
    expect(page.locator(".st-key-demo_annotator")).to_be_visible()


def test_files_of_pages_ask_for_the_session(page, sign_in) -> None:
    assert page.request.get("/media/unknown.csv").status == 401
    sign_in(page)
    assert page.request.get("/media/unknown.csv").status == 404


def test_headers_keep_the_page_to_itself(page) -> None:
    headers = page.request.get("/").headers
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
