"""Explore in a real browser: open a prediction, pass its link on, take rows away, close it again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("samples")]

TABLE = "[data-testid=stDataFrame]"


def explore(page, sign_in, query: str = "m=digit-reader&w=all") -> None:
    sign_in(page, path=f"/explore?{query}")
    page.locator(f"{TABLE} canvas").first.wait_for(timeout=60_000)


def tick(page, row: int) -> None:
    """Tick a row: the table is a picture, so by its place."""
    box = page.locator(TABLE).first.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 32 + 31 * row + 15)


def test_a_prediction_opens_and_its_link_opens_it_for_others(page, new_page, sign_in, idle) -> None:
    explore(page, sign_in)
    tick(page, 2)
    page.wait_for_url(re.compile(r"id=D\d+"))
    name = re.search(r"id=(D\d+)", page.url)[1]
    expect(page.get_by_role("heading", name=name)).to_be_in_viewport()
    expect(page.get_by_text("what the model said")).to_be_in_viewport()
    idle(page)
    page.get_by_role("button", name="Link to this row", exact=True).click()
    link = page.locator("[data-testid=stPopoverBody] code").inner_text()
    other = new_page()
    sign_in(other, path="/" + link.split("/", 3)[3])
    expect(other.get_by_role("heading", name=name)).to_be_visible()
    expect(other.get_by_text("what the model said")).to_be_visible()


def test_closing_takes_the_id_from_the_address(page, sign_in, idle) -> None:
    explore(page, sign_in, "m=digit-reader&w=all&id=D0997")
    expect(page.get_by_role("heading", name="D0997")).to_be_visible()
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_role("heading", name="D0997")).to_have_count(0)
    assert "id=" not in page.url


def test_a_next_page_keeps_the_prediction_open(page, sign_in, idle) -> None:
    explore(page, sign_in, "m=digit-reader&w=all&id=D0997")
    page.locator(".st-key-page button").last.click()
    expect(page.get_by_text("Showing 51 to 100 of 1,000 rows")).to_be_visible()
    expect(page.get_by_role("heading", name="D0997")).to_be_visible()


@pytest.mark.parametrize(("kind", "begin"), [("CSV", b"prediction_id,"), ("Parquet", b"PAR1")])
def test_rows_can_be_taken_away(page, sign_in, idle, kind: str, begin: bytes) -> None:
    explore(page, sign_in)
    with page.expect_download() as found:
        page.get_by_role("button", name=f"Export {kind}").click()
    assert found.value.path().read_bytes().startswith(begin)


def test_a_phone_shows_the_head_of_the_prediction(page, sign_in, idle, overflow) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/explore?m=digit-reader&w=all&id=D0997")
    idle(page)
    page.locator(".st-key-demo_scientist").get_by_role("button").click()
    expect(page.get_by_role("heading", name="D0997")).to_be_in_viewport(timeout=60_000)
    idle(page)
    assert overflow(page) <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(new_page, sign_in, idle, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = new_page(color_scheme=scheme, bypass_csp=True)
    explore(page, sign_in, "m=digit-reader&w=all&id=D0997")
    page.get_by_text("what the model said").wait_for()
    idle(page)
    found = Axe().run(page).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    said = [(v["id"], v["help"], [n["html"][:160] for n in v["nodes"]][:3]) for v in serious]
    assert said == []
