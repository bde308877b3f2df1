"""Take the pictures of the README from the sample logs: `python docs/screenshots.py [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.served import CHROMIUM, FLAGS, IDLE, served  # noqa: E402

DESK, TALL, PHONE = (1280, 800), (1280, 980), (390, 844)
BOTH = ("light", "dark")  # the README shows what fits the reader's theme
SHOTS = (
    ("overview", "overview?m=flight-late&w=all", BOTH, DESK),
    ("performance", "performance?m=flight-late&w=all", BOTH, DESK),
    ("drift", "drift?m=flight-late&w=all", BOTH, TALL),
    ("slices", "slices?m=flight-late&w=all", BOTH, TALL),
    ("why", "why?m=flight-late&w=2013-04-01..2013-05-01", BOTH, DESK),
    ("compare", "compare?m=flight-delay&w=all", BOTH, TALL),
    ("quality", "quality?m=flight-late&w=all", ("light",), DESK),
    ("serving", "serving?m=flight-late&w=all", ("light",), TALL),
    ("feedback", "feedback?m=flight-late&w=all", ("light",), TALL),
    ("behaviour", "behaviour?m=flight-late&w=all", ("light",), TALL),
    ("label", "label?m=digit-reader", ("light",), DESK),
    ("overview-phone", "overview?m=flight-late&w=all", ("light",), PHONE),
)
COLOURS = 128  # of a picture: half its size, and no difference that an eye would see


def main(folder: Path) -> None:
    """Serve the demo in a home of its own, look at the pages, keep the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with served() as url:
        take(url, folder)


def take(url: str, folder: Path) -> None:
    """One picture for each line of the table and each of its themes."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, path, themes, (width, height) in SHOTS:
            for theme in themes:
                size = {"width": width, "height": height}
                page = browser.new_page(viewport=size, color_scheme=theme, device_scale_factor=2)
                look(page, f"{url}/{path}")
                target = folder / f"{name}-{theme}.png"
                page.screenshot(path=target)
                shrink(target)
                print(target.name, f"{target.stat().st_size:,}")
                page.context.close()
        browser.close()


def look(page: Any, address: str) -> None:
    """Open the page as the demo's scientist and wait until all of it stands."""
    page.goto(address)
    page.locator(".st-key-demo_scientist").get_by_role("button").click()
    page.locator(".st-key-head").wait_for(timeout=60_000)
    page.locator(IDLE).wait_for(timeout=60_000)
    there = (
        ".js-plotly-plot .main-svg, .desk .name, .st-key-below"  # the chart, or the card to label
    )
    page.locator(there).first.wait_for(state="attached")
    page.wait_for_timeout(1500)
    page.locator("[data-testid=stSkeleton]").first.wait_for(state="detached")
    page.locator(IDLE).wait_for(timeout=60_000)


def shrink(path: Path) -> None:
    """The picture with fewer colours."""
    from PIL import Image

    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
