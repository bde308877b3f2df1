"""A click on a mark of a chart, or on a row of a table, opens the rows it is about."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LONG = 60_000  # ms; the first look at a log searches it


@pytest.fixture(scope="module", autouse=True)
def samples(server) -> None:
    """The sample logs in the demo's home; there already where the demo brought them."""
    from app.ingest.samples import import_samples
    from app.state.database import Database

    database = Database(f"sqlite:///{server.home / 'telltale.db'}")
    import_samples(server.home, database)
    database.close()


def click_mark(page, key: str, i: int, idle) -> None:
    """Press the mouse in the middle of the i-th bar or dot of a chart."""
    mark = page.locator(f".st-key-{key} :is(.barlayer .point path, .scatterlayer .point)").nth(i)
    mark.wait_for(state="attached", timeout=LONG)
    idle(page)
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
    expect(page.locator(f".st-key-{key} .hoverlayer .hovertext").first).to_be_visible()
    page.mouse.click(x, y)


def is_open(page, segment: str) -> None:
    """The page Slices shows that segment."""
    page.wait_for_url(re.compile(r"/slices\?"), timeout=LONG)
    expect(page.get_by_role("heading", name=re.compile(segment)).first).to_be_visible(timeout=LONG)


@pytest.mark.parametrize(
    ("link", "key", "i", "segment"),
    [
        ("drift?m=flight-late&w=all&column=origin", "distribution_origin", 0, "where origin = '"),
        ("drift?m=flight-late&w=all&column=temp", "distribution_temp", 20, "where temp"),
        ("why?m=flight-late&w=all&ref=imported&column=origin", "why_steps", 0, "where origin = '"),
    ],
)
def test_a_mark_opens_its_slice(page, sign_in, idle, link, key, i, segment) -> None:
    sign_in(page)
    page.goto(f"/{link}")
    click_mark(page, key, i, idle)
    is_open(page, segment)
    page.go_back()
    expect(page.get_by_role("figure").first).to_be_visible(timeout=LONG)
    idle(page)
    assert link.split("?")[0] in page.url  # the click of before is not followed again


def test_a_cell_of_the_confusion_opens_its_rows(page, sign_in, idle) -> None:
    sign_in(page)
    page.goto("/performance?m=digit-reader&w=all")
    click_mark(page, "behind_Confusion", 1, idle)
    page.wait_for_url(re.compile(r"/slices\?.*label"), timeout=LONG)
    chip = page.locator(".st-key-builder").get_by_role("button", name=re.compile("prediction = "))
    expect(chip).to_be_visible(timeout=LONG)


def test_a_day_of_the_volume_opens_its_rows(page, sign_in, idle) -> None:
    sign_in(page)
    page.goto("/quality?m=flight-late&w=all")
    click_mark(page, "volume", 3, idle)
    page.wait_for_url(re.compile(r"/slices\?.*w=20\d\d-\d\d-\d\d"), timeout=LONG)


def test_dragging_over_time_still_looks_closer(page, sign_in, idle) -> None:
    sign_in(page)
    page.goto("/performance?m=flight-late&w=all")
    plot = page.locator("[class*='st-key-over_'] .nsewdrag").first
    plot.wait_for(timeout=LONG)
    idle(page)
    box = plot.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=8)
    page.mouse.up()
    page.wait_for_url(re.compile(r"w=20\d\d-\d\d-\d\d\.\."), timeout=LONG)
    assert "/performance" in page.url
