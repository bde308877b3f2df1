"""One server and one browser for all end-to-end tests; each test gets a page of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("TELLTALE_CHROMIUM") or shutil.which("chromium") or ""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
# Streamlit looks for its own base path on deep links, and is told so with a 404.
EXPECTED = ("404 (Not Found)",)
# How far the page is wider than the window, and points by chart.
OVERFLOW = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  return Math.max(document.scrollingElement.scrollWidth - innerWidth,
                  main.scrollWidth - main.clientWidth)}"""
COUNT_POINTS = """() => [...document.querySelectorAll('.js-plotly-plot')].map(plot =>
  plot.data.reduce((n, t) => n + (t.z ? t.z.reduce((m, row) => m + row.length, 0)
    : Math.max(t.x ? t.x.length : 0, t.y ? t.y.length : 0)), 0))"""
PEOPLE = {
    "scientist": "Data scientist",
    "product-owner": "Product owner",
    "annotator": "Annotator",
}


@dataclass(frozen=True)
class Server:
    """A running Telltale and its home."""

    url: str
    home: Path
    cookie: str
    process: subprocess.Popen[bytes]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(home: Path, port: int | None = None, **settings: str) -> Server:
    """Start a screen on that port, or a free one, and wait until it is healthy."""
    port = port or free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TELLTALE_")}
    environment |= {"PYTHONPATH": str(ROOT), "TELLTALE_HOME": str(home)}
    environment |= {"TELLTALE_PORT": str(port)}
    environment |= {f"TELLTALE_{name.upper()}": value for name, value in settings.items()}
    log = (home / "server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "app.server"], cwd=ROOT, env=environment, stdout=log, stderr=log
    )
    server = Server(f"http://localhost:{port}", home, f"telltale_session_{port}", process)
    end = monotonic() + 120
    while monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{server.url}/healthz", timeout=5):
                return server
        except (urllib.error.URLError, OSError):
            Event().wait(0.1)
    stop_server(server)
    pytest.fail(f"The screen did not start:\n{(home / 'server.log').read_text()}")


def stop_server(server: Server) -> None:
    """Stop a screen and wait for its end."""
    server.process.send_signal(signal.SIGTERM)
    try:
        server.process.wait(15)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo on a home of its own."""
    running = start_server(tmp_path_factory.mktemp("home"), demo="1")
    yield running
    stop_server(running)


@pytest.fixture(scope="session")
def samples(server: Server) -> None:
    """The sample logs in the demo's home; there already where the demo brought them."""
    from app.ingest.samples import import_samples
    from app.state.database import Database

    database = Database(f"sqlite:///{server.home / 'telltale.db'}")
    import_samples(server.home, database)
    database.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """One headless Chromium."""
    if not CHROMIUM:
        if os.environ.get("TELLTALE_REQUIRE_BROWSER") == "1":
            pytest.fail("Chromium is not installed, and TELLTALE_REQUIRE_BROWSER=1 asks for it.")
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def new_page(browser, server) -> Iterator[Callable[..., object]]:  # type: ignore[no-untyped-def]
    """Open pages in browsers of their own (no shared cookies); errors on any fail the test."""
    contexts = []
    errors: list[str] = []

    def make(base_url: str = server.url, **options: object):  # type: ignore[no-untyped-def]
        context = browser.new_context(
            **{"base_url": base_url, "viewport": {"width": 1280, "height": 800}} | options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        watch(page, base_url, errors)
        return page

    yield make
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def page(new_page):  # type: ignore[no-untyped-def]
    """A fresh browser window on the demo."""
    return new_page()


def watch(page, base_url: str, errors: list[str]) -> None:  # type: ignore[no-untyped-def]
    """Note errors on the console and requests to other hosts."""

    def on_console(message) -> None:  # type: ignore[no-untyped-def]
        if message.type == "error" and not any(text in message.text for text in EXPECTED):
            errors.append(f"console: {message.text}")

    def on_request(request) -> None:  # type: ignore[no-untyped-def]
        if not request.url.startswith((base_url, "data:", "blob:")):
            errors.append(f"request to another host: {request.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: errors.append(f"page error: {error}"))
    page.on("request", on_request)


def idle(page) -> None:  # type: ignore[no-untyped-def]
    """Wait until the script has run and nothing on the page is stale or a skeleton."""
    page.locator(IDLE).wait_for()
    page.wait_for_function(
        "() => !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')"
    )


def sign_in(page, who: str = "scientist", path: str = "/account") -> None:  # type: ignore[no-untyped-def]
    """Open the path and sign in as a demo user with one click."""
    page.goto(path)
    idle(page)
    card = page.locator(f".st-key-demo_{who}")
    card.get_by_role("button").click()
    page.locator(".st-key-sign_out").wait_for()
    idle(page)


@pytest.fixture(name="idle")
def idle_fixture() -> Callable[..., None]:
    """The helper ``idle``: tests cannot import a conftest."""
    return idle


@pytest.fixture
def overflow() -> Callable[..., int]:
    """By how many pixels a page is wider than its window."""
    return lambda page: page.evaluate(OVERFLOW)  # type: ignore[no-any-return]


@pytest.fixture
def count_points() -> Callable[..., list[int]]:
    """How many points each chart of a page has."""
    return lambda page: page.evaluate(COUNT_POINTS)  # type: ignore[no-any-return]


@pytest.fixture(name="sign_in")
def sign_in_fixture() -> Callable[..., None]:
    """The helper ``sign_in``."""
    return sign_in


@pytest.fixture(scope="session", name="start")
def start_fixture() -> Callable[..., Server]:
    """The helper ``start_server``, for tests that need a screen of their own."""
    return start_server


@pytest.fixture(scope="session", name="stop")
def stop_fixture() -> Callable[[Server], None]:
    """The helper ``stop_server``."""
    return stop_server
