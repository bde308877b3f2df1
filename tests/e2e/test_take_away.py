"""The export menu in a real browser: CSV, a report that opens without a network, code, a picture."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from app.report.sections import SECTIONS

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("samples")]


def open_export(page, sign_in, idle, path: str) -> None:
    sign_in(page, path=path)
    page.locator(".st-key-head").wait_for(timeout=60_000)
    idle(page)
    page.get_by_role("button", name="Export").click()


@pytest.mark.parametrize(
    "name", ["overview", "performance", "drift", "quality", "serving", "compare"]
)
def test_the_csv_of_every_page_holds_its_numbers(page, sign_in, idle, name: str) -> None:
    open_export(page, sign_in, idle, f"/{name}?m=flight-late&w=all")
    with page.expect_download() as download:
        page.get_by_role("button", name="Numbers of this page").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    label = page.get_by_role("button", name="Numbers of this page").inner_text()
    assert f"{len(rows)} results" in label and len(rows) > 3
    assert all(row["n"] for row in rows)


@pytest.mark.parametrize(
    ("button", "titles"),
    [
        ("Report of this page", {"Serving"}),
        (
            "Report of the whole model",
            {n.capitalize() for n in SECTIONS} - {"Quality"} | {"Data quality"},
        ),
    ],
)
def test_a_report_opens_without_a_network_and_saves_pictures(
    page, sign_in, idle, browser, tmp_path, button: str, titles: set[str]
) -> None:
    open_export(page, sign_in, idle, "/serving?m=flight-late&w=90d")
    with page.expect_download(timeout=90_000) as download:
        page.get_by_role("button", name=button).click()
    file = tmp_path / "report.html"
    download.value.save_as(file)
    assert file.stat().st_size < 5_000_000
    offline = browser.new_context(offline=True, accept_downloads=True)
    problems: list[str] = []
    asked: list[str] = []
    report = offline.new_page()
    report.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    report.on("pageerror", lambda e: problems.append(str(e)))
    report.on("request", lambda r: asked.append(r.url))
    report.goto(file.as_uri())
    report.locator("html[data-drawn]").wait_for()
    assert report.locator(".js-plotly-plot .main-svg").count() > 0
    assert titles <= set(report.locator("h1, h2").all_inner_texts())
    with report.expect_download() as picture:
        report.locator(".png").first.click()
    assert Path(picture.value.path()).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert problems == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    offline.close()


def test_the_code_of_a_page_is_there_to_copy(page, sign_in, idle) -> None:
    open_export(page, sign_in, idle, "/drift?m=flight-late&w=30d")
    page.get_by_text("Copy as code").click()
    code = page.locator("[data-testid=stPopoverBody] code")
    code.wait_for()
    text = code.inner_text()
    assert "import duckdb" in text and "stats.ks_2samp" in text and "{HOME}" in text


def test_a_chart_is_saved_as_a_picture(page, sign_in, idle) -> None:
    sign_in(page, path="/performance?m=flight-late&w=all")
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    idle(page)
    page.get_by_text("Numbers").first.click()
    button = page.get_by_role("button", name="Save as PNG").first
    button.wait_for()
    with page.expect_download() as download:
        button.click()
    found = Path(download.value.path()).read_bytes()
    assert found[:8] == b"\x89PNG\r\n\x1a\n" and len(found) > 8_000
