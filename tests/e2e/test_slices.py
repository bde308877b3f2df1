"""Slices in a real browser: built, looked at, applied, saved and passed on; from a finding to its rows."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("samples")]

LONG = 60_000  # ms; the first look at a log searches it
ROWS = re.compile(r"([\d,]+) of ([\d,]+) rows")


def n_rows(page) -> str:
    """How many rows the builder says that the slice has."""
    said = page.locator(".st-key-builder").get_by_text(ROWS).first
    expect(said).to_be_visible()
    return ROWS.search(said.inner_text())[1]


def test_a_slice_is_built_applied_saved_and_its_link_shows_the_same_rows(
    page, new_page, sign_in, idle
) -> None:
    sign_in(page, path="/slices?m=digit-reader&w=all")
    assert n_rows(page) == "1,000"
    page.get_by_label("Value", exact=True).fill("10")
    page.get_by_label("Value", exact=True).press("Enter")
    idle(page)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Preview, not applied")).to_be_visible()
    idle(page)
    assert "draft=" in page.url and "seg=" not in page.url
    page.get_by_role("button", name="Apply", exact=True).click()
    expect(page.get_by_text("Preview, not applied")).to_have_count(0)
    page.wait_for_url(re.compile(r"seg="))
    idle(page)
    mine = n_rows(page)
    assert mine != "1,000"
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("Name", exact=True).last.fill("Inky")
    page.get_by_label("Name", exact=True).last.press("Enter")
    idle(page)
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("Saved as version 1.")).to_be_visible()
    page.keyboard.press("Escape")
    idle(page)
    page.get_by_role("button", name="Link", exact=True).click()
    link = page.locator("[data-testid=stPopoverBody] code").inner_text()
    other = new_page()
    sign_in(other, path="/" + link.split("/", 3)[3])
    assert n_rows(other) == mine


def test_from_a_finding_to_its_rows_in_three_clicks(page, sign_in, idle) -> None:
    sign_in(page)
    page.goto("/overview?m=flight-late&w=all")
    finding = page.locator("[class*='st-key-finding_']").filter(has_text="points lower where")
    expect(finding).to_be_visible(timeout=LONG)
    idle(page)
    finding.get_by_role("link", name="Open").click()  # one
    expect(page.get_by_role("heading", name=re.compile("points lower where"))).to_be_visible(
        timeout=LONG
    )
    idle(page)
    page.get_by_role("tab", name="Rows").click()  # two
    expect(page.get_by_text("rows on which the model was wrong")).to_be_visible(timeout=LONG)
    page.get_by_role("link", name="All rows in Explore").click()  # three
    expect(page.get_by_text(re.compile(r"Showing 1 to 50 of [\d,]+ rows"))).to_be_visible(
        timeout=LONG
    )
    assert "seg=" in page.url


def test_a_column_that_drifted_opens_its_slices(page, sign_in, idle) -> None:
    sign_in(page)
    page.goto("/drift?m=flight-late&w=all&column=origin")
    expect(page.get_by_role("button", name="Open a slice", exact=True)).to_be_visible(timeout=LONG)
    idle(page)
    page.get_by_role("button", name="Open a slice", exact=True).click()
    link = page.get_by_role("link", name="origin = 'JFK'")
    expect(link).to_be_visible(timeout=LONG)
    link.click()
    expect(page.get_by_role("heading", name=re.compile("where origin = 'JFK'"))).to_be_visible(
        timeout=LONG
    )
    assert "seg=" in page.url


def test_the_list_is_worked_by_keys_alone(page, sign_in, idle) -> None:
    sign_in(page, path="/slices?m=flight-late&w=all")
    expect(page.locator(".st-key-slice_keys")).to_be_visible(timeout=LONG)
    idle(page)
    second = page.locator(".st-key-finding_slice_1")
    page.keyboard.press("j")
    expect(second.get_by_text("▸")).to_be_visible()
    idle(page)
    page.keyboard.press("b")
    page.wait_for_url(re.compile(r"[?&]b="))
    idle(page)
    page.keyboard.press("k")
    expect(page.locator(".st-key-finding_slice_0").get_by_text("▸")).to_be_visible()
    idle(page)
    page.keyboard.press("o")
    page.wait_for_url(re.compile(r"draft="))
    expect(page.get_by_role("tab", name="A and B")).to_be_visible(timeout=LONG)
    idle(page)
    page.keyboard.press("s")
    expect(page.get_by_label("Name", exact=True).last).to_be_visible()
