"""Take the pictures of the README from the sample logs: `python docs/screenshots.py [FOLDER]`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = os.environ.get("TELLTALE_CHROMIUM") or shutil.which("chromium") or "chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
SHOTS = (
    ("overview", "overview?m=flight-late&w=all", "light", (1280, 800)),
    ("overview", "overview?m=flight-late&w=all", "dark", (1280, 800)),
    ("performance", "performance?m=flight-late&w=all", "light", (1280, 800)),
    ("drift", "drift?m=flight-late&w=all", "light", (1280, 980)),
    ("quality", "quality?m=flight-late&w=all", "light", (1280, 800)),
    ("serving", "serving?m=flight-late&w=all", "light", (1280, 980)),
    ("compare", "compare?m=flight-delay&w=all", "light", (1280, 980)),
    ("overview-phone", "overview?m=flight-late&w=all", "light", (390, 844)),
)


def main(folder: Path) -> None:
    """Serve the demo in a home of its own, look at the pages, keep the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        import_into(Path(home))
        port = free_port()
        environment = os.environ | {"TELLTALE_HOME": home, "TELLTALE_DEMO": "1"}
        environment |= {"TELLTALE_PORT": str(port), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "app.server"]
        server = subprocess.Popen(command, cwd=ROOT, env=environment)
        try:
            wait_for(f"http://localhost:{port}/healthz")
            take(f"http://localhost:{port}", folder)
        finally:
            server.terminate()
            server.wait(20)


def import_into(home: Path) -> None:
    """The sample logs in an empty home."""
    sys.path.insert(0, str(ROOT))
    from app.ingest.samples import import_samples
    from app.state.database import Database
    from app.state.migrations import migrate

    database = Database(f"sqlite:///{home / 'telltale.db'}")
    migrate(database)
    import_samples(home, database)
    database.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    """Wait until the server answers."""
    for _ in range(240):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise SystemExit("The screen did not start.")


def take(url: str, folder: Path) -> None:
    """One picture for each line of the table."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, path, theme, (width, height) in SHOTS:
            size = {"width": width, "height": height}
            page = browser.new_page(viewport=size, color_scheme=theme, device_scale_factor=2)
            page.goto(f"{url}/{path}")
            page.locator(".st-key-demo_scientist").get_by_role("button").click()
            page.locator(".st-key-head").wait_for(timeout=60_000)
            page.locator(IDLE).wait_for(timeout=60_000)
            page.locator(".js-plotly-plot .main-svg").first.wait_for(state="attached")
            page.wait_for_timeout(1500)
            target = folder / f"{name}-{theme}.png"
            page.screenshot(path=target)
            print(target.name)
            page.context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
