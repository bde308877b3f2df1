"""Workers killed while they look: ``python -m bench.chaos [KILLS] [--postgres]``.

Two workers, processes of their own, watch a model whose log grows week by week, some weeks broken
and some sound. They are killed (SIGKILL) in the middle of their runs, the database is held for ten
seconds, the place that is told is down for an hour, the clock jumps forwards and back, and a part
of the log is away while an alert fires. The workers' clock is the machine's and a number of seconds
from a file, so an hour takes no hour. At the end the story of every incident must be the one that a
twin home tells, where nothing went wrong; every step that is told must have arrived, and each watch
must have been kept once for each run. With ``--postgres`` the state of both homes lies in a
PostgreSQL server of its own. What was found is written into ``docs/monitors.md``.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.auth.viewer import operator
from app.monitors import verbs
from app.state.hooks import delivery_table
from app.state.logs import list_imports
from app.state.looked import looked_table
from app.state.monitors import (
    LEASE,
    hurry,
    run_table,
    watch_table,
)
from bench.chaos_homes import MODEL, WEEKS, Home, Target, Workers, work
from bench.postgres import blank, server

WAIT_S = 120.0
PAGE = Path(__file__).resolve().parents[1] / "docs" / "monitors.md"
BEGIN, END = "<!-- begin: python -m bench.chaos -->", "<!-- end of the chaos -->"
TEXT = """{begin}
A round as above on each database: two workers killed (SIGKILL) until at least 50 kills came in the middle of a
run, the database held for ten seconds, the log away while an alert fired, the target down for an hour, a
silence of a day, the clock ten hours forward and back. A step is a change of an incident that is told (raised,
worse, resolved, again); wrong is what is not as in the twin home: a story that differs, a run kept in part or
twice, a message that was lost, given up or asked for twice, a silent worker that ended an alert.

| database | kills | in the middle of a run | weeks | runs kept | steps | messages | wrong | minutes |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
{table}
{end}"""


@dataclass
class Chaos:
    """What was done, and what is not as it must be."""

    n_kills: int = 0
    n_mid_run: int = 0
    n_weeks: int = 0
    n_runs: int = 0
    n_steps: int = 0
    n_told: int = 0
    wrong: list[str] = field(default_factory=list)


def until(is_true: Callable[[], bool], what: str, each_s: float = 0.05) -> None:
    """Wait for it."""
    end = time.monotonic() + WAIT_S
    while not is_true():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(each_s)


class Season:
    """Weeks that pass, each with its trouble."""

    def __init__(self, folder: Path, seed: int, server: str = "") -> None:
        self.target = Target()
        port = int(self.target.server.server_address[1])
        self.home, self.twin = (
            Home(folder / name, port, blank(server, name) if server else "")
            for name in ("home", "twin")
        )
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

    def see(self) -> None:
        """A last run that reads everything: one that could not is made up for by the next."""
        last = self.home.fence()
        states = self.home.rows(sa.select(run_table.c.state).where(run_table.c.fence == last))
        if any(state == "error" for (state,) in states):
            self.calm_run()
            self.settle()

    def judge(self) -> Chaos:
        """Beside the twin, and what was told beside what arrived."""
        chaos, home = self.chaos, self.home
        if not home.story():
            chaos.wrong.append("nothing happened: no incident was told")
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
        chaos.n_told, chaos.n_weeks = len(asked[0]), home.weeks
        chaos.n_steps = len(home.story())
        return chaos


def _mark(body: dict[str, Any]) -> tuple[Any, ...]:
    return body["incident"]["id"], body["event"], body["incident"]["resolved"]


@contextmanager
def held(home: Home, seconds: float) -> Iterator[None]:
    """The database held by somebody who writes for long."""
    if home.url:
        with home.database.write("somebody"):
            time.sleep(seconds)
            yield
        return
    connection = sqlite3.connect(home.folder / "telltale.db", isolation_level=None, timeout=60)
    connection.execute("BEGIN IMMEDIATE")
    try:
        time.sleep(seconds)
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def run(folder: Path, n_kills: int, hold_s: float = 10.0, seed: int = 1, server: str = "") -> Chaos:
    """The season over that folder, with at least that many kills in the middle of a run."""
    season = Season(folder, seed, server)
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
        season.see()
        season.deliver()
    finally:
        season.workers.end()
        season.target.server.shutdown()
    return season.judge()


def main() -> None:
    """Write what was found into the page; exit 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.chaos")
    parser.add_argument("kills", type=int, nargs="?", default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", action="store_true", help="the state in PostgreSQL")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
        return
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        server() if options.postgres else nullcontext("") as url,
    ):
        chaos = run(Path(folder), options.kills, seed=options.seed, server=url)
    print(json.dumps(chaos.__dict__))
    if chaos.wrong:
        raise SystemExit(1)
    write_line(options.page, "PostgreSQL" if options.postgres else "SQLite", chaos, began)


def write_line(page: Path, database: str, chaos: Chaos, began: float) -> None:
    """Put this database's line into the table, in place of its last one."""
    from bench.monitors import write_table

    text = page.read_text(encoding="utf-8")
    known = text.partition(BEGIN)[2].partition(END)[0].splitlines()
    lines = {line.split("|")[1].strip(): line for line in known if line.startswith("| ")}
    minutes = (time.monotonic() - began) / 60
    lines[database] = (
        f"| {database} | {chaos.n_kills} | {chaos.n_mid_run} | {chaos.n_weeks} | {chaos.n_runs}"
        f" | {chaos.n_steps} | {chaos.n_told} | {len(chaos.wrong)} | {minutes:.0f} |"
    )
    table = "\n".join(lines[name] for name in ("SQLite", "PostgreSQL") if name in lines)
    write_table(page, TEXT.format(begin=BEGIN, end=END, table=table), (BEGIN, END))


if __name__ == "__main__":
    main()
