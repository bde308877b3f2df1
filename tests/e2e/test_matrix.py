"""Every page in both themes and both sizes: it draws, fits, and axe finds nothing serious."""

from __future__ import annotations

import pytest

SIZES = {"desk": (1280, 800), "phone": (390, 844)}
# Page, who opens it, what must be there before it is judged.
PAGES = {
    "overview": "m=flight-late&w=all",
    "performance": "m=flight-late&w=all",
    "drift": "m=flight-late&w=all",
    "quality": "m=flight-late&w=all",
    "slices": "m=flight-late&w=all",
    "why": "m=flight-late&w=2013-04-01..2013-05-01",
    "serving": "m=flight-late&w=all",
    "compare": "m=flight-late&w=all",
    "explore": "m=flight-late&w=all",
    "feedback": "m=flight-late&w=all",
    "behaviour": "m=flight-late&w=all",
    "label": "m=digit-reader&w=all",
    "review": "m=digit-reader&w=all",
    "add_data": "",
    "set_aside": "",
    "incidents": "m=flight-late&w=all",
    "monitors": "m=flight-late&w=all",
    "replay": "m=flight-late&w=all",
    "account": "",
}
BACKGROUND = "() => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"


@pytest.fixture(scope="module")
def samples(server) -> None:
    """The sample logs in the demo's home; there already where the demo brought them."""
    from app.ingest.samples import import_samples
    from app.state.database import Database

    database = Database(f"sqlite:///{server.home / 'telltale.db'}")
    import_samples(server.home, database)
    database.close()


def test_the_matrix_holds_every_page() -> None:
    from app import navigation

    names = {entry.file for entry in navigation.existing_pages()}
    # The demo has no admin: nobody there may open that page, see test_grants.
    assert names - {"admin"} == set(PAGES)


@pytest.mark.browser
@pytest.mark.matrix
@pytest.mark.usefixtures("samples")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_can_be_read(
    new_page, sign_in, idle, overflow, name: str, scheme: str, size: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = new_page(color_scheme=scheme, bypass_csp=True)
    width, height = SIZES[size]
    sign_in(page)
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"/{name}?{PAGES[name]}")
    page.locator("h1").first.wait_for(timeout=60_000)
    idle(page)
    assert page.locator("[data-testid=stException]").count() == 0
    assert overflow(page) <= 0
    light = sum(int(part) for part in page.evaluate(BACKGROUND).strip("rgba()").split(",")[:3])
    assert (light > 384) == (scheme == "light")
    found = Axe().run(page).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    assert [(v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in serious] == []
