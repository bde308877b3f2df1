"""The planner in a real browser: a goal, the rows it takes, the queue, and on to the first card."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from app.auth.demo import create_demo_users
from app.auth.viewer import operator
from app.ingest.samples import import_samples
from app.labelling.projects import default_setup, list_projects, make_project
from app.state.database import Database
from app.state.models import get_model

pytestmark = pytest.mark.browser

MODEL = "digit-reader"


@pytest.fixture(scope="module", autouse=True)
def project(server) -> None:
    """The sample logs and an open labelling project; there already where the demo brought them."""
    database = Database(f"sqlite:///{server.home / 'telltale.db'}")
    import_samples(server.home, database)
    create_demo_users(database)
    boss = operator("boss")
    if not any(p.state == "open" for p in list_projects(database, boss, MODEL)):
        make_project(database, boss, MODEL, default_setup(get_model(database, MODEL)))
    database.close()


def test_from_a_goal_to_the_first_card(page, sign_in, idle) -> None:
    sign_in(page, path=f"/review?m={MODEL}&w=2025-04-07..2025-04-28&tab=Estimate")
    page.get_by_label("to within ± points").fill("4")
    page.get_by_label("to within ± points").press("Tab")
    idle(page)
    page.get_by_role("button", name="Work out how many labels").click()
    found = page.locator(".st-key-plan_found")
    said = re.compile(r"To know accuracy to within 4 points, label (\d+) of the 266 rows")
    expect(found).to_contain_text(said)
    expect(page.locator(".st-key-plan_need .main-svg").first).to_be_visible()
    n = said.search(found.inner_text())[1]
    found.get_by_role("button", name=f"Queue these {n} rows").click()
    expect(page.get_by_text("Accuracy is not known yet")).to_be_visible()
    expect(page.get_by_text(f"0 of {n} labels")).to_be_visible()
    idle(page)
    page.get_by_role("button", name="Continue labelling").click()
    page.wait_for_url(re.compile(r"/label\?.*q=active"))
    idle(page)
    expect(page.get_by_text(re.compile(r"row 1 of \d+ drawn to know accuracy"))).to_be_visible()
