"""Workers killed while they look: ``python -m bench.chaos [KILLS]``.

Two workers, processes of their own, watch a model whose log grows week by week, some weeks broken
and some sound. They are killed (SIGKILL) in the middle of their runs, the database is held for ten
seconds, the place that is told is down for an hour, the clock jumps forwards and back, and a part
of the log is away while an alert fires. The workers' clock is the machine's and a number of seconds
from a file, so an hour takes no hour. At the end the story of every incident must be the one that a
twin home tells, where nothing went wrong; every step that is told must have arrived, and each watch
must have been kept once for each run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
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
from app.monitors import verbs
from app.monitors.watching import run_watch, watch_new
from app.settings import read_settings
from app.state.database import Database, utc_now
from app.state.hooks import delivery_table
from app.state.logs import list_imports
from app.state.looked import looked_table
from app.state.monitors import (
    LEASE,
    claim_watch,
    event_table,
    hurry,
    incident_table,
    run_table,
    watch_table,
)

MODEL, WAIT_S, A_WEEK = "m", 120.0, 210
# Sound and broken weeks; the first is imported before anybody looks.
WEEKS = "ss bbb sss bb s bbb sss bbbb ss".replace(" ", "")
TOLD = ("raised", "again", "worse", "resolved")
START = date(2024, 1, 1)


@dataclass
class Chaos:
    """What was done, and what is not as it must be."""

    n_kills: int = 0
    n_mid_run: int = 0
    n_runs: int = 0
    n_told: int = 0
    wrong: list[str] = field(default_factory=list)


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

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.weeks = folder, 0
        folder.mkdir(parents=True, exist_ok=True)
        self.shift(0.0)
        self.settings = read_settings(home=str(folder))
        with tempfile.TemporaryDirectory() as name:
            for week in range(5):
                self._import(Path(name) / f"{week}.csv", rows_of(week, is_broken=False), True)
        self.grow()
        self.database = Database(self.settings.database_url, clock_of(folder))
        values = {"model": MODEL, "name": "target", "purpose": "alert", "style": "plain"}
        make_hook(self.database, operator(), values | {"url": f"http://127.0.0.1:{port}/"})

    def _import(self, file: Path, text: str, is_reference: bool = False) -> None:
        file.write_text(text)
        extra = ["--as", "reference"] if is_reference else []
        asked = ["import", str(file), "--model", MODEL, "--positive", "1", *extra]
        with redirect_stdout(StringIO()) as said:
            code = telltale([*asked, "--home", str(self.folder)])
        if code != 0:
            print(said.getvalue())
            raise RuntimeError("the import failed")

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
    worker = Worker(settings, Database(settings.database_url, clock_of(folder)))
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
        environment = {**os.environ, "TELLTALE_WEBHOOK_HOSTS": "127.0.0.1"}
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


def until(is_true: Callable[[], bool], what: str, each_s: float = 0.05) -> None:
    """Wait for it."""
    end = time.monotonic() + WAIT_S
    while not is_true():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(each_s)


class Season:
    """Weeks that pass, each with its trouble."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.target = Target()
        port = int(self.target.server.server_address[1])
        self.home, self.twin = (Home(folder / name, port) for name in ("home", "twin"))
        self.workers, self.dice = Workers(self.home), random.Random(seed)
        self.chaos, self.run_s = Chaos(), 1.0
        for home in (self.home, self.twin):
            home.look()

    def week(self, n_kills: int = 0, hold_s: float = 0.0) -> None:
        """One week more in both homes, and the run that sees it; kills come in the middle of runs."""
        self.twin.grow()
        self.twin.look()
        self.home.grow()
        self.workers.start()
        if hold_s:
            with held(self.home, hold_s):
                pass
        for _ in range(n_kills):
            if self.is_seen():  # it was kept already: ask for one more
                self.ask()
            until(lambda: self._watch().lease_until is not None, "nobody looks", 0.01)
            time.sleep(self.dice.uniform(0.0, self.run_s))
            is_mid_run = self._watch().lease_until is not None
            self.workers.kill(self.dice.choice((1, 2, 2)))
            self.chaos.n_kills += 1
            self.chaos.n_mid_run += is_mid_run
            self.home.shift(self.home.shifted + LEASE.total_seconds() + 1)
            self.workers.start()
        began = time.monotonic()
        until(self.is_seen, f"week {self.home.weeks} is not looked at")
        if not n_kills and not hold_s:
            self.run_s = min(5.0, max(0.2, time.monotonic() - began))

    def is_seen(self) -> bool:
        """Whether the last import was looked at, and nothing is due or under way."""
        database, watch = self.home.database, self._watch()
        latest = next(row.id for row in list_imports(database) if row.model == MODEL)
        asked = self.home.rows(sa.select(looked_table.c.import_id))
        is_idle = watch.lease_until is None and watch.next_at > database.clock()
        return is_idle and bool(asked) and asked[0][0] == latest

    def ask(self) -> None:
        """Have a run come soon."""
        with self.home.database.write("bench") as write:
            hurry(write, MODEL)

    def _watch(self) -> Any:
        return self.home.rows(sa.select(watch_table))[0]

    def calm_run(self) -> None:
        """A run that somebody asks for."""
        last = self._watch().fence
        self.ask()
        until(lambda: self.home.fence() > last, "no run came")

    def blind(self) -> None:
        """A part of the log is away: the run ends in an error, and nothing is over by that."""
        before = self.home.story()
        parts = sorted((self.home.folder / "logs").rglob("*.parquet"))
        for part in parts:
            part.rename(part.with_suffix(".away"))
        self.calm_run()
        self.settle()
        states = {r[0] for r in self.home.rows(sa.select(run_table.c.state))}
        for part in parts:
            part.with_suffix(".away").rename(part)
        if "error" not in states:
            self.chaos.wrong.append("a run without its log was no error")
        if self.home.story() != before:
            self.chaos.wrong.append("a run that saw nothing changed an incident")

    def silence(self, hours: int) -> None:
        """Nobody is told for so long, in both homes."""
        for home in (self.home, self.twin):
            verbs.silence(home.database, operator(), MODEL, hours, "the feed is moved")

    def outage(self) -> None:
        """The target is down for an hour while a week comes in; then all of it arrives."""
        self.target.is_down = True
        self.week()
        for _ in range(12):
            self.home.shift(self.home.shifted + 300)
            time.sleep(0.3)
        self.target.is_down = False
        self.deliver()

    def deliver(self) -> None:
        """Let time pass until nothing waits."""

        def is_empty() -> bool:
            c = delivery_table.c
            waiting = self.home.rows(sa.select(c.id).where(c.state == "waiting"))
            if waiting:
                self.home.shift(self.home.shifted + 60)
            return not waiting

        until(is_empty, "a message did not arrive", 0.2)

    def jumps(self) -> None:
        """Ten hours forward, then ten back: each time one run comes, not ten and not none."""
        for seconds in (36_000, -36_000):
            self.calm_run()
            self.settle()
            last = self.home.fence()
            self.home.shift(self.home.shifted + seconds)
            until(lambda last=last: self.home.fence() > last, f"no run after {seconds} s")  # type: ignore[misc]
            self.settle()
            if self.home.fence() != last + 1:
                self.chaos.wrong.append(f"{self.home.fence() - last} runs after {seconds} s")

    def settle(self) -> None:
        """Until two seconds pass without another run."""
        last, since = self.home.fence(), time.monotonic()
        while time.monotonic() - since < 2.0:
            time.sleep(0.1)
            if self.home.fence() != last or self._watch().lease_until is not None:
                last, since = self.home.fence(), time.monotonic()

    def judge(self) -> Chaos:
        """Beside the twin, and what was told beside what arrived."""
        chaos, home = self.chaos, self.home
        if home.story() != self.twin.story():
            chaos.wrong.append(f"the story is {home.story()}, not {self.twin.story()}")
        runs = home.rows(sa.select(run_table.c.fence, run_table.c.monitor))
        kept = Counter(run.fence for run in runs)
        chaos.n_runs = len(kept)
        n_monitors = len(json.loads(self._watch().policy))
        if set(kept.values()) != {n_monitors}:
            chaos.wrong.append("a run was kept in part, or twice")
        d = delivery_table.c
        asked = [home_.rows(sa.select(d.feedback_id, d.state, d.payload)) for home_ in
                 (home, self.twin)]  # fmt: skip
        abouts = [sorted(row.feedback_id for row in rows) for rows in asked]
        if len(set(abouts[0])) != len(abouts[0]) or abouts[0] != abouts[1]:
            chaos.wrong.append(f"told {abouts[0]}, not {abouts[1]}")
        if any(row.state != "sent" for row in asked[0]):
            chaos.wrong.append("a message was given up")
        missing = Counter(_mark(json.loads(row.payload)) for row in asked[0])
        missing.subtract(Counter(_mark(body) for body in self.target.got))
        if any(n > 0 for n in missing.values()):
            chaos.wrong.append(f"not arrived: {+missing}")
        chaos.n_told = len(asked[0])
        return chaos


def _mark(body: dict[str, Any]) -> tuple[Any, ...]:
    return body["incident"]["id"], body["event"], body["incident"]["resolved"]


@contextmanager
def held(home: Home, seconds: float) -> Iterator[None]:
    """The database held by somebody who writes for long."""
    connection = sqlite3.connect(home.folder / "telltale.db", isolation_level=None, timeout=60)
    connection.execute("BEGIN IMMEDIATE")
    try:
        time.sleep(seconds)
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def run(folder: Path, n_kills: int, hold_s: float = 10.0, seed: int = 1) -> Chaos:
    """The season over that folder, with at least that many kills in the middle of a run."""
    season = Season(folder, seed)
    try:
        season.week()
        season.week(hold_s=hold_s)
        season.week(n_kills=1)
        season.blind()
        season.outage()
        while season.chaos.n_mid_run < n_kills or season.home.weeks < 8:
            season.week(n_kills=min(4, max(0, n_kills - season.chaos.n_mid_run)))
            season.deliver()
        season.silence(24)
        season.week(n_kills=1)
        season.jumps()
        while WEEKS[season.home.weeks % len(WEEKS)] != "s" or season.home.weeks % 2:
            season.week()
        season.deliver()
    finally:
        season.workers.end()
        season.target.server.shutdown()
    return season.judge()


def main() -> None:
    """Print what was found; exit 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.chaos")
    parser.add_argument("kills", type=int, nargs="?", default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
        return
    with tempfile.TemporaryDirectory() as folder:
        chaos = run(Path(folder), options.kills, seed=options.seed)
    print(json.dumps(chaos.__dict__))
    if chaos.wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
