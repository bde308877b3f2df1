"""What runs while events are sent, and who looks on: the house, the manifest and a reader of pages."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import psutil
import sqlalchemy as sa

from analytics.core import Schema
from analytics.query.engine import Engine
from app.ingest.workspace import size_of
from app.state.database import Database
from app.state.keys import add_key
from app.state.logs import load_dataset
from app.state.models import part_table, save_schema
from bench.served import CHROMIUM, FLAGS, ROOT, free_port, import_into, wait_for

EVERY_S = 0.2  # how often the manifest and the memory are looked at
SLICES = 16
ROUND = "app.monitors"
LOOKS_S = 0.5  # how long a reader looks at a page


class House:
    """One home and what runs over it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        import_into(home)
        self.database = Database(f"sqlite:///{home / 'telltale.db'}")
        with self.database.write("bench") as write:
            save_schema(write, "m", Schema("binary", (), ("0", "1"), "1"), {})
            self.key = add_key(write, "m", "predictions", "bench")[1]
        self.port, self.api = free_port(), free_port()
        self.answered = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """`telltale run` until left."""
        own = {"HOME": str(self.home), "PORT": str(self.port), "API_PORT": str(self.api)}
        own |= {"DEMO": "1", "API_RATE": "99999"}
        environment = os.environ | {f"TELLTALE_{name}": value for name, value in own.items()}
        environment["PYTHONPATH"] = str(ROOT)
        command = [sys.executable, "-m", "app.cli", "run"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)

    def ready(self) -> None:
        """Wait until screen and API answer."""
        wait_for(f"http://127.0.0.1:{self.api}/api/v1/healthz")
        wait_for(f"http://127.0.0.1:{self.port}/healthz")

    def processes(self) -> dict[str, psutil.Process]:
        """API, worker and screen, by module."""
        found = {}
        for child in psutil.Process().children(recursive=True):
            words = child.cmdline()[-1:]
            if words and words[0] in ("app.api", "app.worker", "app.server"):
                found[words[0]] = child
        return found

    def n_in_log(self) -> int:
        """Rows that the manifest counts."""
        table = part_table.c
        mine = (table.model == "m") & (table.kind == "predictions")
        with self.database.read() as connection:
            found = connection.execute(sa.select(sa.func.sum(table.n_rows)).where(mine)).scalar()
        return int(found or 0)

    def count(self) -> tuple[int, int]:
        """Rows and different ids, read from the parts."""
        parts = load_dataset(self.database, "m").log("predictions").parts
        files = ", ".join(f"'{part.path}'" for part in parts)
        rows = f"(SELECT hash(prediction_id) AS id FROM read_parquet([{files}]))"
        engine, found = Engine([self.home], timeout_s=3600), [0, 0]
        for i in range(SLICES):  # a part of the ids at one time
            sql = f"SELECT count(*), count(DISTINCT id) FROM {rows} WHERE id % {SLICES} = {i}"
            n, n_ids = engine.rows(sql)[0]
            found = [found[0] + n, found[1] + n_ids]
        return found[0], found[1]


@dataclass
class Watch(threading.Thread):
    """Notes rows in the log, memory and what waits, until it is stopped."""

    house: House
    in_log: list[tuple[float, int]] = field(default_factory=list)
    most_mb: dict[str, float] = field(default_factory=dict)
    most_waiting_mb: float = 0.0

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._ended = threading.Event()
        self._processes = self.house.processes()

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Look every now and then."""
        while not self._ended.wait(EVERY_S):
            self.in_log.append((time.monotonic(), self.house.n_in_log()))
            for name, process in [*self._processes.items(), *self._rounds()]:
                with suppress(psutil.NoSuchProcess):
                    used = process.memory_info().rss / 2**20
                    self.most_mb[name] = max(used, self.most_mb.get(name, 0.0))
            waits = sum(size_of(file) for file in (self.house.home / "wal").glob("*.log")) / 2**20
            self.most_waiting_mb = max(waits, self.most_waiting_mb)

    def _rounds(self) -> list[tuple[str, psutil.Process]]:
        """The process in which the worker runs monitors, while it does."""
        worker = self._processes["app.worker"]
        return [(ROUND, child) for child in worker.children()]

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self.join()

    def delays(self, noted: list[list[float]], before: int) -> list[float]:
        """Seconds from each moment until what was answered by then stood in the log."""
        found, i = list[float](), 0
        for at, n in noted:
            while i < len(self.in_log) and self.in_log[i][1] < before + n:
                i += 1
            if i == len(self.in_log):
                return [*found, float("inf")]
            found.append(max(0.0, self.in_log[i][0] - at))
        return found


class Reader(threading.Thread):
    """Somebody who walks through the pages all the time; seconds of each change of page."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.took = url, list[tuple[float, float]]()
        self._ended = threading.Event()

    def run(self) -> None:
        """Sign in, and walk."""
        from playwright.sync_api import sync_playwright

        from bench.pages import ADDRESS, CARD, ROUND, change, settle

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(60_000)
            page.goto(f"{self.url}/{ADDRESS}")
            settle(page)
            page.locator(".st-key-demo_scientist").get_by_role("button").click()
            page.locator(CARD).first.wait_for()
            settle(page)
            for title in cycle(ROUND):
                start, into = time.monotonic(), list[float]()
                change(page, title, into)
                self.took.append((start, into[0]))
                if self._ended.wait(LOOKS_S):
                    break
            browser.close()

    def wait_for(self, n: int) -> float:
        """Wait for so many changes of page; when that was."""
        end = time.monotonic() + 120
        while len(self.took) < n and time.monotonic() < end and self.is_alive():
            time.sleep(0.1)
        return time.monotonic()

    def p95(self, start: float, end: float) -> tuple[int, float]:
        """Changes of page that began between two moments: how many, and their 95th percentile."""
        found = sorted(took for at, took in self.took if start <= at < end)
        return len(found), found[int(0.95 * len(found))] if found else float("nan")

    def end(self) -> None:
        """Walk no further."""
        self._ended.set()
        self.join(60)
