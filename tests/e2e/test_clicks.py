"""A click on a mark of a chart opens the rows it is about: three clicks from a finding to its rows."""

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

LONG = 60_000  # ms; the first look at a log searches it


@pytest.fixture(scope="module", autouse=True)
def samples(server) -> None:
    """The sample logs in the demo's home; there already where the demo brought them."""
    database = Database(f"sqlite:///{server.home / 'telltale.db'}")
    import_samples(server.home, database)
    create_demo_users(database)
    boss = operator("boss")
    if not any(p.state == "open" for p in list_projects(database, boss, "digit-reader")):
        make_project(
            database, boss, "digit-reader", default_setup(get_model(database, "digit-reader"))
        )
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


def drag_over(page, chart: str, idle) -> None:
    """Draw a box over the middle of a chart."""
    plot = page.locator(f"{chart} .nsewdrag").first
    plot.wait_for(timeout=LONG)
    idle(page)
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=8)
    page.mouse.up()


def test_dragging_over_time_still_looks_closer(page, sign_in, idle) -> None:
    sign_in(page)
    page.goto("/performance?m=flight-late&w=all")
    drag_over(page, "[class*='st-key-over_']", idle)
    page.wait_for_url(re.compile(r"w=20\d\d-\d\d-\d\d\.\."), timeout=LONG)
    assert "/performance" in page.url


def test_a_point_over_time_opens_its_rows_where_a_box_can_be_drawn_too(page, sign_in, idle) -> None:
    sign_in(page)
    page.goto("/performance?m=flight-late&w=all")
    key = page.locator("[class*='st-key-over_']").first.get_attribute("class", timeout=LONG)
    click_mark(page, re.search(r"st-key-(over_\S+)", key).group(1), 3, idle)
    page.wait_for_url(re.compile(r"/slices\?.*w=20\d\d-\d\d-\d\d"), timeout=LONG)
    page.go_back()
    expect(page.get_by_role("figure").first).to_be_visible(timeout=LONG)
    idle(page)
    assert "/performance" in page.url  # the click of before is not followed again


@pytest.mark.parametrize(
    ("link", "key", "segment"),
    [
        ("drift?m=flight-late&w=all&column=temp", "distribution_temp", "where temp ≥ "),
        ("performance?m=flight-late&w=all", "behind_Scores-by-label", "where score ≥ "),
    ],
)
def test_a_range_of_a_histogram_opens_its_slice(page, sign_in, idle, link, key, segment) -> None:
    sign_in(page)
    page.goto(f"/{link}")
    drag_over(page, f".st-key-{key}", idle)
    is_open(page, segment)


def rows_are_shown(page, idle) -> None:
    """One click: the tab Rows of the slice that is open."""
    page.wait_for_url(re.compile(r"/slices\?"), timeout=LONG)
    tab = page.get_by_role("tab", name="Rows")
    expect(tab).to_be_visible(timeout=LONG)
    idle(page)
    tab.click()
    shown = re.compile(r"Showing [\d,]+ of [\d,]+ rows on which")
    expect(page.get_by_text(shown)).to_be_visible(timeout=LONG)
    idle(page)


@pytest.mark.parametrize(
    ("model", "finding", "link", "mark"),
    [
        ("flight-late", "are missing from", "Open", "heat_missing_rate"),
        ("flight-late", "ROC AUC of v2 fell", "Why", "part_0"),
        ("flight-late", "ROC AUC of v2 fell", "Open", "behind_Confusion"),
        ("flight-delay", "MAE of v1 rose", "Why", "why_steps"),
        ("flight-delay", "MAE is", "Open", None),
        ("digit-reader", "Contrast, mean_ink", "Open", "distribution_contrast"),
    ],
)
def test_from_each_kind_of_finding_to_its_rows_in_three_clicks(
    page, sign_in, idle, model, finding, link, mark
) -> None:
    sign_in(page)
    page.goto(f"/overview?m={model}&w=all")
    row = page.locator("[class*='st-key-finding_']").filter(has_text=finding).first
    expect(row).to_be_visible(timeout=LONG)
    idle(page)
    row.get_by_role("link", name=link, exact=True).click()  # one
    if mark == "part_0":  # where no column leads, the bars are of all together: a part has its link
        page.wait_for_url(re.compile(r"/why\?"))
        part = page.locator(".st-key-part_0").get_by_role("link").first
        part.wait_for(timeout=LONG)
        idle(page)
        part.click()  # two
    elif mark is not None:
        page.wait_for_url(re.compile(r"/(drift|quality|why|performance)\?"))
        click_mark(page, mark, 0 if mark != "behind_Confusion" else 1, idle)  # two
    rows_are_shown(page, idle)  # three
    if model == "digit-reader":  # its labels come from people: to the queue in two more
        page.get_by_role("link", name="Label 20 of them").click()
        page.wait_for_url(re.compile(r"/label\?.*q=slice"))
        idle(page)
        page.get_by_role("button", name=re.compile(r"^Make a queue of \d+")).click()
        expect(page.get_by_text(re.compile(r"\d+ items in the queue"))).to_be_visible(timeout=LONG)
