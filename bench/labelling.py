"""How long the desk keeps a person waiting: `python -m bench.labelling` labels in a real browser.

From the press of a key to the next card on the screen, as the browser's own clock has it; each card
is looked at for 280 ms first, as the guard against blind keys asks for. The demo's project, by
keyboard alone, once with the fast desk and once with the native buttons.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from bench.served import CHROMIUM, FLAGS, IDLE, served

LOOK_MS = 280
BARS = {"fast": 100, "native": 400}  # milliseconds at the 95th percentile
NAMES = {"fast": ".desk .name", "native": ".st-key-label_card strong"}
READY = {"fast": ".desk .others", "native": ".st-key-label_undo button"}
# Notes the time of each key, and of the frame in which another card's name stands.
CLOCK = """(where) => {
  const roots = () => [document, ...[...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(Boolean)];
  const name = () => roots().map(root => root.querySelector(where)).find(Boolean)?.textContent || '';
  window.waits = [];
  addEventListener('keydown', () => {
    const before = name(), began = performance.now();
    const look = () => {
      const now = name();
      if (now && now !== before) window.waits.push(performance.now() - began);
      else requestAnimationFrame(look);
    };
    look();
  }, true);
}"""


def label(url: str, mode: str, n: int) -> list[float]:
    """Milliseconds from key to next card, ``n`` times."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page: Any = browser.new_page(viewport={"width": 1280, "height": 800}, base_url=url)
        page.goto("/account")
        page.locator(".st-key-demo_annotator").get_by_role("button").click()
        page.locator(".st-key-sign_out").wait_for()
        page.goto(f"/label?m=digit-reader&mode={mode}")
        page.locator(NAMES[mode]).filter(has_text="D").wait_for(timeout=60_000)
        page.locator(READY[mode]).wait_for()
        page.locator(IDLE).wait_for()
        page.evaluate(CLOCK, NAMES[mode])
        for i in range(n):
            page.wait_for_timeout(LOOK_MS)
            page.keyboard.press(str(i % 10))
            page.wait_for_function(f"() => window.waits.length === {i + 1}")
        waits: list[float] = page.evaluate("() => window.waits")
        browser.close()
    return sorted(waits)


def main(arguments: list[str]) -> None:
    """Print both modes beside their bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=int, default=90, help="in each mode; the demo has 200")
    n = parser.parse_args(arguments).labels
    with served() as url:
        for mode, bar in BARS.items():
            waits = label(url, mode, n)
            p50, p95 = waits[len(waits) // 2], waits[min(int(0.95 * len(waits)), len(waits) - 1)]
            sys.stdout.write(
                f"{mode}: {len(waits)} labels, key to next card p50 {p50:.0f} ms, p95 {p95:.0f} ms"
                f" (bar {bar} ms)\n"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
