"""The page Behaviour in a real browser: both themes, both sizes, and an event that was just sent."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("samples")]

ROOT = Path(__file__).resolve().parents[2]
PATH = "/behaviour?m=flight-late&w=all"
MAX_POINTS = 2000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_can_be_read(
    new_page, sign_in, idle, overflow, count_points, scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = new_page(color_scheme=scheme, bypass_csp=True)
    sign_in(page, path=PATH)
    page.locator(".js-plotly-plot .main-svg").nth(10).wait_for(timeout=60_000)
    idle(page)
    expect(page.locator("h2").first).to_have_text(re.compile("and .* of the wrong ones"))
    expect(page.get_by_text("Simulated data").first).to_be_visible()
    counts = count_points(page)
    assert len(counts) == 6 and max(counts) <= MAX_POINTS
    for width, height in ((1280, 800), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        idle(page)
        assert overflow(page) <= 0
        found = Axe().run(page).response["violations"]
        serious = [v for v in found if v["impact"] in ("serious", "critical")]
        assert [(v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in serious] == []


@pytest.fixture
def api(server) -> Iterator[str]:
    """The HTTP API over the demo's home."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TELLTALE_")}
    environment |= {"PYTHONPATH": str(ROOT), "TELLTALE_HOME": str(server.home)}
    environment |= {"TELLTALE_API_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "app.api"], cwd=ROOT, env=environment)
    url, end = f"http://127.0.0.1:{port}/api/v1", monotonic() + 60
    try:
        while process.poll() is None and monotonic() < end:
            try:
                with urllib.request.urlopen(f"{url}/healthz", timeout=5):
                    break
            except (urllib.error.URLError, OSError):
                Event().wait(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def test_an_event_that_was_sent_is_on_the_page(page, server, sign_in, idle, api: str) -> None:
    from app.ingest.outbox import flush
    from app.ingest.words import Place
    from app.state.database import Database
    from app.state.keys import add_key

    def events() -> int:
        text = page.get_by_text(re.compile(r"[\d,]+ events of \d+ people")).first.inner_text()
        return int(re.search(r"([\d,]+) events", text).group(1).replace(",", ""))  # type: ignore[union-attr]

    database = Database(f"sqlite:///{server.home / 'telltale.db'}")
    with database.write("test") as write:
        _key, secret = add_key(write, "flight-late", "events", "test")
    sign_in(page, path=PATH)
    page.locator(".js-plotly-plot").first.wait_for(timeout=60_000)
    before = events()
    body = {
        "event": "prediction_accepted",
        "distinct_id": "somebody new",
        "timestamp": "2013-12-31T23:00:00Z",
        "uuid": "sent-by-the-test",
        "properties": {"prediction_id": "F111214"},
    }
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}
    for _twice in range(2):
        request = urllib.request.Request(f"{api}/events", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=20) as response:
            assert response.status == 201
    flush(Place(server.home, database, "test"))  # what the worker does twice a second
    database.close()
    page.reload()
    page.locator(".js-plotly-plot").first.wait_for(timeout=60_000)
    idle(page)
    assert events() == before + 1
