"""From the bell to the rows that caused an incident, in a real browser: at most three clicks."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from app.ask import Desk
from app.monitors.telling import message
from app.monitors.watching import run_watch, watch_new
from app.settings import read_settings
from app.state.hooks import Hook
from app.state.incidents import get_case, list_cases
from app.state.monitors import Step, claim_watch, hurry

pytestmark = pytest.mark.browser
MODEL = "flight-late"


@pytest.fixture(scope="module")
def incident(server, samples) -> int:  # type: ignore[no-untyped-def]
    """The missing weather of the last day, as a worker finds it."""
    with Desk(read_settings(home=str(server.home))) as desk:
        watch_new(desk, desk.database)
        with desk.database.write("test") as write:
            hurry(write, MODEL)
        while claim := claim_watch(desk.database):
            assert run_watch(desk, desk.database, claim)
        cases = list_cases(desk.database, [MODEL])
    return next(c.id for c in cases if c.found.resolved is None and not c.is_quiet)


def test_from_the_list_to_its_rows_in_two_clicks(new_page, sign_in, idle, incident) -> None:  # type: ignore[no-untyped-def]
    page = new_page()
    page.set_default_timeout(60_000)
    sign_in(page, "scientist", f"/incidents?m={MODEL}")
    page.get_by_role("button", name=f"Incident {incident}", exact=True).click()  # one
    button = page.get_by_role("button", name="Open its rows")
    button.wait_for()
    idle(page)
    assert f"incident={incident}" in page.url
    expect(page.get_by_text("was raised")).to_be_visible()
    button.click()  # two
    page.wait_for_url("**/explore?*", wait_until="commit")
    idle(page)
    expect(page.get_by_text("Showing 1 to 50 of 345 rows")).to_be_visible()
    assert "seg=humid+is+null" in page.url and "w=2013-12-30..2014-01-02" in page.url


def test_from_a_notifications_link_to_the_rows_in_two_clicks(  # type: ignore[no-untyped-def]
    new_page, sign_in, idle, incident, server
) -> None:
    settings = read_settings(home=str(server.home))
    with Desk(settings) as desk:
        case = get_case(desk.database, incident)
    where = ("team", "alert", "plain", "http://127.0.0.1/", "", "", "ann", case.created_at, None)
    hook = Hook(1, MODEL, *where)
    told = message(settings, hook, Step(incident, 1, "raised", MODEL, case.found))
    link = urlsplit(told["url"])
    page = new_page()
    page.set_default_timeout(60_000)
    sign_in(page, "scientist", f"{link.path}?{link.query}")  # one: the link in the message
    button = page.get_by_role("button", name="Open its rows")
    button.wait_for()
    idle(page)
    assert f"incident={incident}" in page.url
    button.click()  # two
    page.wait_for_url("**/explore?*", wait_until="commit")
    idle(page)
    expect(page.get_by_text("Showing 1 to 50 of 345 rows")).to_be_visible()
