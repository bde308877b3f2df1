"""Homes whose log grows, two workers of one, and who is told: what ``bench.chaos`` plays with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.ask import Desk
from app.auth.viewer import operator
from app.cli import main as telltale
from app.feedback.outward import make_hook
from app.monitors.watching import run_watch, watch_new
from app.settings import Settings, read_settings
from app.state.database import Database, utc_now
from app.state.monitors import (
    claim_watch,
    event_table,
    hurry,
    incident_table,
    run_table,
)

MODEL, A_WEEK = "m", 210
# Sound and broken weeks; the first is imported before anybody looks.
WEEKS = "ss bbb sss bb s bbb sss bbbb ss".replace(" ", "")
TOLD = ("raised", "again", "worse", "resolved")
START = date(2024, 1, 1)


def rows_of(week: int, *, is_broken: bool) -> str:
    """One week as CSV: broken, the column x is missing and answers are worse."""
    lines = ["id,timestamp,prediction,label,x,y"]
    for i in range(week * A_WEEK, (week + 1) * A_WEEK):
        truth, x = i * 7 % 13 % 2, "" if is_broken and i % 3 else str(i * 31 % 100)
        answer = truth ^ int(i % (3 if is_broken else 10) == 0)
        lines.append(f"w{i},{START + timedelta(days=i // 30)},{answer},{truth},{x},{i % 7}")
    return "\n".join(lines)


class Home:
    """A home whose log grows."""

    def __init__(self, folder: Path, port: int, url: str = "") -> None:
        self.folder, self.weeks, self.url = folder, 0, url
        folder.mkdir(parents=True, exist_ok=True)
        self.shift(0.0)
        self.settings = read_settings(home=str(folder), database_url=url or None)
        with tempfile.TemporaryDirectory() as name:
            for week in range(5):
                self._import(Path(name) / f"{week}.csv", rows_of(week, is_broken=False), True)
        self.grow()
        self.database = Database(self.settings.database_url, clock_of(folder), folder)
        values = {"model": MODEL, "name": "target", "purpose": "alert", "style": "plain"}
        make_hook(self.database, operator(), values | {"url": f"http://127.0.0.1:{port}/"})

    def _import(self, file: Path, text: str, is_reference: bool = False) -> None:
        file.write_text(text)
        extra = ["--as", "reference"] if is_reference else []
        asked = ["import", str(file), "--model", MODEL, "--positive", "1", *extra]
        with redirect_stdout(StringIO()) as said, self._named():
            code = telltale([*asked, "--home", str(self.folder)])
        if code != 0:
            print(said.getvalue())
            raise RuntimeError("the import failed")

    def environment(self) -> dict[str, str]:
        """What a process of this home is told."""
        return {"TELLTALE_DATABASE_URL": self.url} if self.url else {}

    @contextmanager
    def _named(self) -> Iterator[None]:
        """The same for a command in this process."""
        os.environ.update(self.environment())
        try:
            yield
        finally:
            for name in self.environment():
                del os.environ[name]

    def grow(self) -> None:
        """One week more."""
        with tempfile.TemporaryDirectory() as name:
            is_broken = WEEKS[self.weeks % len(WEEKS)] == "b"
            text = rows_of(self.weeks, is_broken=is_broken)
            self._import(Path(name) / f"week{self.weeks}.csv", text)
        self.weeks += 1

    def shift(self, seconds: float) -> None:
        """Set the workers' clock so far from the machine's."""
        file = self.folder / "shift.tmp"
        file.write_text(str(seconds))
        file.replace(self.folder / "shift")
        self.shifted = seconds

    def look(self) -> None:
        """One calm run, here."""
        with Desk(self.settings) as desk:
            watch_new(desk, self.database)
            with self.database.write("bench") as write:
                hurry(write, MODEL)
            claim = claim_watch(self.database)
            assert claim is not None and run_watch(desk, self.database, claim)

    def rows(self, statement: Any) -> list[Any]:
        """Rows of the state."""
        with self.database.read() as connection:
            return list(connection.execute(statement).all())

    def fence(self) -> int:
        """The number of the last kept run."""
        return int(self.rows(sa.select(sa.func.max(run_table.c.fence)))[0][0] or 0)

    def story(self) -> list[tuple[Any, ...]]:
        """Steps of all incidents by when the incident began, with how each stands."""
        e, i = event_table.c, incident_table.c
        joined = event_table.join(incident_table, i.id == e.incident_id)
        picked = sa.select(i.kind, i.started, i.resolved, e.what, e.incident_id)
        steps = self.rows(picked.select_from(joined).where(e.what.in_(TOLD)).order_by(e.id))
        order = {n: k for k, n in enumerate(dict.fromkeys(row[4] for row in steps))}
        return [(*row[:4], order[row[4]]) for row in steps]


def clock_of(folder: Path) -> Callable[[], datetime]:
    """The machine's clock, moved as a file says."""

    def now() -> datetime:
        return utc_now() + timedelta(seconds=float((folder / "shift").read_text()))

    return now


def work(folder: Path) -> None:
    """A worker of the home until it is killed, with the moved clock and in a hurry."""
    from app.monitors import watching
    from app.worker import chores
    from app.worker.loop import Worker

    watching.EVERY_S = chores.EVERY_S = 0.1
    settings = read_settings(home=str(folder))
    database = Database(settings.database_url, clock_of(folder), folder)

    def run_here(settings: Settings, database: Database, ended: threading.Event) -> None:  # noqa: ARG001
        """So that who kills the worker kills the run, which has its clock."""
        watching.watch_due(settings, database)

    watching.run_apart = run_here
    worker = Worker(settings, database)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop.set())
    worker.run()


class Workers:
    """Two processes."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start what does not run."""
        self._running = [p for p in self._running if p.poll() is None]
        command = [sys.executable, "-m", "bench.chaos", "--work", str(self._home.folder)]
        hosts = {"TELLTALE_WEBHOOK_HOSTS": "127.0.0.1"}
        environment = {**os.environ, **hosts, **self._home.environment()}
        with (self._home.folder / "workers.log").open("ab") as said:
            while len(self._running) < 2:
                started = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
                self._running.append(started)

    def kill(self, n: int) -> None:
        """Without a warning; nobody knows which of them looks."""
        for process in self._running[:n]:
            process.kill()
            process.wait()

    def end(self) -> None:
        """With one."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait()


class Target:
    """Who is told: keeps what arrives, and answers nothing while it is down."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.is_down = False
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not target.is_down:
                    target.got.append(json.loads(body))
                self.send_response(503 if target.is_down else 200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
