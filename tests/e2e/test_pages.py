"""The monitoring pages in a real browser: links, zoom, sizes, points, and what axe finds."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("samples")]

PAGES = ("overview", "performance", "drift", "quality")
MAX_POINTS = 2000


def open_page(page, sign_in, path: str) -> None:
    sign_in(page, path=path)
    page.locator(".st-key-head").wait_for(timeout=60_000)
    expect(page.locator("h1")).to_contain_text("flight-late")


def charts_drawn(page) -> None:
    page.locator(".js-plotly-plot .main-svg").first.wait_for()


def test_a_copied_link_shows_the_same_state(page, new_page, sign_in, idle) -> None:
    wanted = "m=flight-late&v=v2&w=2013-09-01..2013-10-01&ref=previous&seg=origin+%3D+%27JFK%27"
    open_page(page, sign_in, f"/performance?{wanted}&metric=accuracy")
    page.get_by_role("button", name="Link").click()
    link = page.locator("[data-testid=stPopoverBody] code").inner_text()
    contract = page.locator(
        "[data-testid=stMain] [data-testid=stCaptionContainer]"
    ).first.inner_text()
    other = new_page()
    split = urlsplit(link)
    assert parse_qs(split.query)["w"] == ["2013-09-01..2013-10-01"]
    open_page(other, sign_in, f"{split.path}?{split.query}")
    expect(
        other.locator("[data-testid=stMain] [data-testid=stCaptionContainer]").first
    ).to_have_text(contract)
    expect(other.get_by_label("Segment", exact=True)).to_have_value("origin = 'JFK'")
    assert "only origin = 'JFK'" in contract


def test_the_choice_survives_a_page_change(page, sign_in, idle) -> None:
    open_page(page, sign_in, "/performance?m=flight-late&v=v1&w=90d")
    page.locator("[data-testid=stSidebar]").get_by_role("link", name="Drift").click()
    expect(page.locator("h1")).to_contain_text("Drift")
    idle(page)
    assert parse_qs(urlsplit(page.url).query) == {"m": ["flight-late"], "v": ["v1"], "w": ["90d"]}


def test_dragging_over_a_chart_sets_the_window(page, sign_in, idle) -> None:
    open_page(page, sign_in, "/performance?m=flight-late&w=all")
    charts_drawn(page)
    plot = page.locator(".js-plotly-plot").first
    plot.scroll_into_view_if_needed()
    box = plot.locator(".nsewdrag").first.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.4 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], middle, steps=5)
    page.mouse.move(box["x"] + 0.6 * box["width"], middle, steps=5)
    page.mouse.up()
    page.wait_for_url(re.compile(r"w=2013-\d\d-\d\d\.\.2013-\d\d-\d\d"))
    idle(page)
    expect(page.get_by_text("From and to (UTC, both included)")).to_be_visible()


@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_a_phone_and_no_chart_too_heavy(
    page, sign_in, idle, overflow, count_points, name: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/{name}?m=flight-late&w=all")
    idle(page)
    page.locator(".st-key-demo_scientist").get_by_role("button").click()
    page.locator(".st-key-head").wait_for()
    idle(page)
    charts_drawn(page)
    assert overflow(page) <= 0
    counted = count_points(page)
    assert counted and max(counted) <= MAX_POINTS


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(new_page, sign_in, idle, name: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = new_page(color_scheme=scheme, bypass_csp=True)
    open_page(page, sign_in, f"/{name}?m=flight-late&w=all")
    idle(page)
    charts_drawn(page)
    found = Axe().run(page).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    said = [(v["id"], v["help"], [n["html"][:160] for n in v["nodes"]][:3]) for v in serious]
    assert said == []


def test_a_click_on_a_column_opens_it(page, sign_in, idle) -> None:
    open_page(page, sign_in, "/drift?m=flight-late&w=all&column=dest")
    expect(page.get_by_role("heading", name="dest")).to_be_visible()
