"""Take the pictures of the README from the sample logs: `python docs/screenshots.py [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.served import CHROMIUM, FLAGS, IDLE, served  # noqa: E402

SHOTS = (
    ("overview", "overview?m=flight-late&w=all", "light", (1280, 800)),
    ("overview", "overview?m=flight-late&w=all", "dark", (1280, 800)),
    ("performance", "performance?m=flight-late&w=all", "light", (1280, 800)),
    ("drift", "drift?m=flight-late&w=all", "light", (1280, 980)),
    ("quality", "quality?m=flight-late&w=all", "light", (1280, 800)),
    ("serving", "serving?m=flight-late&w=all", "light", (1280, 980)),
    ("compare", "compare?m=flight-delay&w=all", "light", (1280, 980)),
    ("slices", "slices?m=flight-late&w=all", "light", (1280, 980)),
    ("why", "why?m=flight-late&w=2013-04-01..2013-05-01", "light", (1280, 980)),
    ("feedback", "feedback?m=flight-late&w=all", "light", (1280, 980)),
    ("behaviour", "behaviour?m=flight-late&w=all", "light", (1280, 980)),
    ("label", "label?m=digit-reader", "light", (1280, 800)),
    ("overview-phone", "overview?m=flight-late&w=all", "light", (390, 844)),
)


def main(folder: Path) -> None:
    """Serve the demo in a home of its own, look at the pages, keep the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with served() as url:
        take(url, folder)


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
            there = ".js-plotly-plot .main-svg, .desk .name"  # the chart, or the card to label
            page.locator(there).first.wait_for(state="attached")
            page.wait_for_timeout(1500)
            target = folder / f"{name}-{theme}.png"
            page.screenshot(path=target)
            print(target.name)
            page.context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
