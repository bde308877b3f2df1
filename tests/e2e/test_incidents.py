"""From the bell to the rows that caused an incident, in a real browser: at most three clicks."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from app.ask import Desk
from app.monitors.watching import run_watch, watch_new
from app.settings import read_settings
from app.state.incidents import list_cases
from app.state.monitors import claim_watch, hurry

pytestmark = pytest.mark.browser
MODEL = "flight-late"


@pytest.fixture
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
