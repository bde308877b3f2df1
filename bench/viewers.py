"""The screen on a long log and with many viewers: `python -m bench.viewers --home FOLDER [--rows N]`.

Cold: a new server process and a new browser, from the address until the first card of a metric stands
on Overview. Page change: from the click in the menu until the new page is whole. Memory: the most that
the screen's process held with ten viewers going through its pages. Crowd: viewers on the WebSocket,
each of whom changes the window every five seconds, until the script has finished. A home without the
log is filled first. Writes docs/viewers.md. `chrt -r 1` in front of it keeps server, browser and viewers
ahead of what else the machine does (not -f: of equals the first to run would keep the others off). The
whole takes less than 15 minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from bench.long_home import DAYS, MODEL, START, fill
from bench.pages import CARD, change, clocked, settle
from bench.served import CHROMIUM, FLAGS, ROOT, free_port, wait_for
from bench.websocket import Run, Viewer, cookies

PAGE = ROOT / "docs" / "viewers.md"
TITLES = ("Performance", "Drift", "Data quality", "Slices", "Why", "Incidents", "Overview")
ROUND = ("performance", "drift", "quality", "slices", "why", "serving", "compare", "overview")
BUTTONS = ("7d", "30d", "90d", "all")
ADDRESS = f"overview?m={MODEL}&w=all"
EVERY_S, N_CROWD, N_MEMORY, N_MORE = 5.0, 20, 10, 20
VERSIONS = ("streamlit", "duckdb", "plotly")


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen that runs on a home."""

    url: str
    home: Path
    port: int
    process: subprocess.Popen[bytes]

    def held_mb(self, name: str = "VmHWM") -> float:
        """The most memory that its process has held; VmRSS: what it holds now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(f"{name}:"))
        return int(line.split()[1]) * 1024 / 1_000_000


@dataclass(slots=True)
class Found:
    """Everything measured."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    peak_mb: dict[str, float] = field(default_factory=dict)
    session_mb: float = 0.0


@contextmanager
def screen(home: Path) -> Iterator[Screen]:
    """A new server process on that home, healthy."""
    port = free_port()
    environment = os.environ | {"TELLTALE_HOME": str(home), "TELLTALE_DEMO": "1"}
    environment |= {"TELLTALE_PORT": str(port), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "app.server"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://localhost:{port}/healthz")
        yield Screen(f"http://localhost:{port}", home, port, process)
    finally:
        process.terminate()
        process.wait(30)


def browse(home: Path, repeats: int, rounds: int, found: Found) -> None:
    """Cold starts, then page changes in the browser of the last of them."""
    from playwright.sync_api import sync_playwright

    cold = found.seconds.setdefault("cold", [])
    for at in range(repeats):
        with screen(home) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            cookie, token = cookies(home, server.port, 1)[0]
            context.add_cookies([{"name": cookie, "value": token, "url": server.url}])
            page = context.new_page()
            page.set_default_timeout(300_000)
            with clocked(cold):
                page.goto(f"{server.url}/{ADDRESS}", wait_until="commit")
                page.locator(CARD).first.wait_for()
            for i in range(rounds if at == repeats - 1 else 0):
                settle(page)
                name = "first round" if i == 0 else "change"
                for title in TITLES:
                    change(page, title, found.seconds.setdefault(name, []))
                found.peak_mb[name] = server.held_mb()
            browser.close()


async def crowd(server: Screen, n: int, seconds: float, *, is_dates: bool) -> list[Run]:
    """Viewers who change the window every five seconds, each beginning at a moment of their own."""
    query = f"m={MODEL}&w=30d"
    keys = cookies(server.home, server.port, n)
    viewers = [await Viewer.open(server.url, key, "overview", query) for key in keys]
    for viewer in viewers:
        await viewer.run()
    draw = random.Random(1)
    end = time.perf_counter() + seconds
    waits = [EVERY_S * at / n for at in range(n)]
    walks = [_walk(v, w, end, random.Random(draw.random()), is_dates) for v, w in zip(viewers, waits, strict=True)]  # fmt: skip
    runs = [run for mine in await asyncio.gather(*walks) for run in mine]
    for viewer in viewers:
        await viewer.close()
    return runs


async def _walk(
    viewer: Viewer, wait_s: float, end: float, draw: random.Random, is_dates: bool
) -> list[Run]:
    runs: list[Run] = []
    await asyncio.sleep(wait_s)
    while time.perf_counter() < end:
        started = time.perf_counter()
        if is_dates:
            viewer.query = f"m={MODEL}&w={_dates(draw)}"
            runs.append(await viewer.run())
        else:
            there = [w for w in BUTTONS if f"w={w}" not in viewer.query]
            runs.append(await viewer.choose("pick_window", draw.choice(there)))
        await asyncio.sleep(max(0.0, EVERY_S - (time.perf_counter() - started)))
    return runs


def _dates(draw: random.Random) -> str:
    """A window of whole days, as somebody draws it in a chart."""
    first = draw.randrange(0, DAYS - 3)
    last = draw.randrange(first + 2, DAYS)
    return f"{START + timedelta(days=first):%Y-%m-%d}..{START + timedelta(days=last):%Y-%m-%d}"


async def ten(server: Screen, found: Found) -> None:
    """Ten viewers go through the pages and windows at once; how much the process held."""
    keys = cookies(server.home, server.port, N_MEMORY)

    async def go(at: int) -> list[Run]:
        query = f"m={MODEL}&w={BUTTONS[at % len(BUTTONS)]}"
        viewer = await Viewer.open(server.url, keys[at], "overview", query)
        runs = [await viewer.run()]
        runs += [await viewer.visit(page) for page in ROUND]
        await viewer.close()
        return runs

    runs = [run for mine in await asyncio.gather(*map(go, range(N_MEMORY))) for run in mine]
    found.seconds["ten"] = [run.seconds for run in runs]
    found.errors["ten"] = sum(len(run.errors) for run in runs)
    found.peak_mb["ten"] = server.held_mb()


async def more(server: Screen, found: Found) -> None:
    """What a viewer more costs, whose answers are all there."""
    keys = cookies(server.home, server.port, N_MORE + 1)
    viewers: list[Viewer] = []
    before = 0.0
    for at, key in enumerate(keys):
        viewers.append(await Viewer.open(server.url, key, "overview", f"m={MODEL}&w=all"))
        await viewers[-1].run()
        before = before if at else server.held_mb("VmRSS")
    found.session_mb = (server.held_mb("VmRSS") - before) / N_MORE
    for viewer in viewers:
        await viewer.close()


def measure(home: Path, options: argparse.Namespace) -> Found:
    """Everything that was asked for."""
    found = Found()
    if "browser" in options.only:
        browse(home, options.repeats, options.rounds, found)
    if "memory" in options.only:
        with screen(home) as server:
            asyncio.run(ten(server, found))
            asyncio.run(more(server, found))
    for name, is_dates in (("buttons", False), ("dates", True)):
        if name in options.only:
            with screen(home) as server:
                runs = asyncio.run(crowd(server, N_CROWD, options.seconds, is_dates=is_dates))
                found.peak_mb[name] = server.held_mb()
            found.seconds[name] = [run.seconds for run in runs]
            found.errors[name] = sum(len(run.errors) for run in runs)
    return found


ROWS = {
    "cold": "first number on Overview: new server process, new browser, signed in",
    "first round": "page change, the first visit of each page since the server started",
    "change": "page change",
    "ten": f"a run of a page while {N_MEMORY} viewers go through all pages at once, first visits",
    "buttons": f"{N_CROWD} viewers, each presses another window every {EVERY_S:.0f} s",
    "dates": f"{N_CROWD} viewers, each draws a window of its own every {EVERY_S:.0f} s",
}


def write(found: Found, rows: int, load: tuple[float, float]) -> str:
    """The page of docs/."""
    used = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    ahead = " The server, the browser and the viewers ran before all else that the machine did (chrt)." if os.sched_getscheduler(0) else ""  # fmt: skip
    lines = [
        "# Many rows and many viewers",
        "",
        "<!-- Generated by `python -m bench.viewers`; change the script instead. -->",
        "",
        f"A log of {rows:,} rows and 34 columns over {DAYS} days, every row labelled, the first 15 days as"
        f" the reference. Server and viewers on the same {os.cpu_count()} cores; Python"
        f" {platform.python_version()}, {used}. Load {load[0]:.1f} when it began, {load[1]:.1f} when it"
        f" ended.{ahead} Seconds.",
        "",
        "| what | n | median | 95th percentile | longest | errors | MB that the screen held at most |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, words in ROWS.items():
        if values := sorted(found.seconds.get(name, [])):
            p95 = values[min(len(values) - 1, int(0.95 * len(values)))]
            three = f"{values[len(values) // 2]:.2f} | {p95:.2f} | {values[-1]:.2f}"
            peak = f"{found.peak_mb[name]:,.0f}" if name in found.peak_mb else ""
            lines.append(
                f"| {words} | {len(values)} | {three} | {found.errors.get(name, 0)} | {peak} |"
            )
    if found.session_mb:
        lines += [
            "",
            f"A further viewer who looks at the same costs {found.session_mb:.1f} MB.",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Fill a home if need be, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=45.0)
    parser.add_argument("--only", nargs="+", default=["browser", "memory", "buttons", "dates"])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = (options.home or Path(folder)).resolve()
        if not (home / "telltale.db").is_file():
            home.mkdir(parents=True, exist_ok=True)
            fill(home, options.rows)
        before = os.getloadavg()[0]
        text = write(measure(home, options), options.rows, (before, os.getloadavg()[0]))
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
