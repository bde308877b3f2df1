"""Add data in a real browser: upload, confirm, import, see the number; cancel; what axe finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

ROWS = [(i, i % 2, i % 5 == 0) for i in range(400)]  # one of five is wrong
LOG = "prediction_id,timestamp,prediction,label,age\n" + "".join(
    f"p{i},2026-01-{i % 28 + 1:02d}T10:00:00Z,{said},{1 - said if is_wrong else said},{i % 50}\n"
    for i, said, is_wrong in ROWS
)
BROKEN = LOG.replace("p7,2026-01-08T10:00:00Z", "p7,soon")


@pytest.fixture
def work(server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Do what is queued, as the worker does: the test decides when."""
    from app.settings import settings_in_force
    from app.state.database import Database
    from app.worker.loop import Worker

    monkeypatch.setenv("TELLTALE_HOME", str(server.home))
    settings_in_force.cache_clear()

    def go() -> None:
        database = Database(f"sqlite:///{server.home / 'telltale.db'}")
        assert Worker(settings_in_force(), database).run_one()
        database.close()

    yield go
    settings_in_force.cache_clear()


def upload(page, sign_in, idle, files: dict[str, str], model: str) -> None:
    sign_in(page, path="/add_data")
    expect(page.get_by_role("heading", name="Add data")).to_be_visible(timeout=60_000)
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(
        [
            {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
            for name, text in files.items()
        ]
    )
    expect(page.get_by_text("Choose a model to see")).to_be_visible()
    name_it(page, model)


def name_it(page, model: str) -> None:
    box = page.get_by_role("combobox", name="Model")
    box.fill(model)
    page.get_by_role("option", name=model).wait_for()
    box.press("Enter")


def test_an_upload_becomes_a_number(page, server, sign_in, idle, work) -> None:
    upload(page, sign_in, idle, {"loan.csv": BROKEN}, "loan-upload")
    expect(page.get_by_text("1 file · csv · predictions · task: binary")).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    work()
    expect(page.get_by_text("399 rows taken into loan-upload")).to_be_visible()
    expect(page.get_by_text("1 row set aside")).to_be_visible()
    assert list((server.home / "uploads").iterdir()) == []
    page.get_by_role("button", name="Open loan-upload").click()
    expect(page.locator("h1")).to_contain_text("loan-upload Overview")
    page.goto("/performance?m=loan-upload&w=all")
    idle(page)
    expect(page.locator("[data-testid=stMain]").get_by_text("0.799").first).to_be_visible()


def test_two_files_are_one_log(page, sign_in, idle, work) -> None:
    head, *rows = LOG.splitlines(keepends=True)
    files = {"one.csv": head + "".join(rows[:200]), "two.csv": head + "".join(rows[200:])}
    upload(page, sign_in, idle, files, "loan-two")
    expect(page.get_by_text("2 files · csv")).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    work()
    expect(page.get_by_text("400 rows taken into loan-two")).to_be_visible()


def test_cancel_keeps_nothing(page, server, sign_in, idle) -> None:
    upload(page, sign_in, idle, {"loan.csv": LOG}, "loan-cancelled")
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("cancelled: nothing was kept")).to_be_visible()
    page.get_by_role("button", name="Import another").click()
    expect(page.get_by_text("Choose a file and a model to see")).to_be_visible()
    assert list((server.home / "uploads").iterdir()) == []


def test_a_wrong_file_is_explained_by_its_name(page, sign_in, idle) -> None:
    upload(page, sign_in, idle, {"bad.parquet": "no parquet"}, "loan-bad")
    expect(page.get_by_text("bad.parquet is named like a Parquet file")).to_be_visible()
    expect(page.get_by_text("uploads/")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(new_page, sign_in, idle, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = new_page(color_scheme=scheme, bypass_csp=True)
    upload(page, sign_in, idle, {"loan.csv": LOG}, "loan-axe")
    page.get_by_role("button", name="Import", exact=True).wait_for()
    idle(page)
    found = Axe().run(page).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    said = [(v["id"], v["help"], [n["html"][:160] for n in v["nodes"]][:3]) for v in serious]
    assert said == []


def test_a_phone_is_wide_enough(page, sign_in, idle, overflow) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/add_data")
    idle(page)
    page.locator(".st-key-demo_scientist").get_by_role("button").click()
    expect(page.get_by_role("heading", name="Add data")).to_be_in_viewport()
    idle(page)
    assert overflow(page) <= 0
