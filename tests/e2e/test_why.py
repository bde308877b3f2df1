"""From what the Overview says to why it moved, and to the rows behind it, in three clicks."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("samples")]


def test_from_a_finding_to_its_rows_in_three_clicks(page, sign_in, idle) -> None:
    sign_in(page, path="/overview?m=flight-delay&w=2013-04-01..2013-05-01")
    page.locator(".st-key-head").wait_for(timeout=60_000)
    idle(page)
    page.get_by_role("button", name="See why").click()
    expect(page.locator("h1")).to_contain_text("Why")
    expect(page.locator(".st-key-lead")).to_contain_text("because", timeout=60_000)
    idle(page)
    part = page.locator(".st-key-part_0")
    name = part.locator("p").first.inner_text()
    part.get_by_role("link", name="Open slice").click()
    expect(page.locator("h1")).to_contain_text("Slices", timeout=60_000)
    idle(page)
    params = parse_qs(urlsplit(page.url).query)
    (segment,) = params["seg"]
    column = segment.split()[0]
    assert column in name and params["m"] == ["flight-delay"]
    page.get_by_role("tab", name="Rows").click()
    expect(page.get_by_text(re.compile(r"[\d,]+ rows")).first).to_be_visible()
    expect(page.locator("[data-testid=stDataFrame]").last).to_be_visible(timeout=60_000)
