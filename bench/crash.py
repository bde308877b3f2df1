"""Killed under load: every answered event once, nothing torn: ``python -m bench.crash [ROUNDS]``.

API and worker run as processes of their own over a fresh home. In each round predictions are sent
from a few threads until one of the two, or both, are killed (SIGKILL) at a random moment; what was
killed starts again and must take an event. Whoever got no answer sends the same event again, as a
client should. At the end the log holds every answered id exactly once, every part reads whole and
has the hash that the manifest names.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pyarrow.parquet as pq

from analytics.core import Schema
from app.ingest.parts import hash_file
from app.state.database import Database
from app.state.keys import add_key
from app.state.logs import list_parts
from app.state.migrations import migrate
from app.state.models import save_schema

MODULES = ("app.api", "app.worker")
SENDERS = 3
SIZE = 20  # events a batch
START_S = 60.0
WAIT_S = 120.0


@dataclass
class Crash:
    """What the rounds found."""

    answered: set[str] = field(default_factory=set)
    in_log: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    back_s: list[float] = field(default_factory=list)  # until an event was taken again

    @property
    def lost(self) -> set[str]:
        """Answered and in no part."""
        return self.answered - set(self.in_log)

    @property
    def n_twice(self) -> int:
        """Rows beyond one for each id."""
        return len(self.in_log) - len(set(self.in_log))


class Processes:
    """API and worker of one home."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        own = {"TELLTALE_HOME": str(home), "TELLTALE_API_PORT": str(port)}
        self.environment = {**os.environ, **own, "TELLTALE_API_RATE": "99999"}
        self.url = f"http://127.0.0.1:{port}/api/v1"
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start what does not run."""
        for module in MODULES:
            if module not in self.running or self.running[module].poll() is not None:
                command = [sys.executable, "-m", module]
                self.running[module] = subprocess.Popen(command, env=self.environment)

    def kill(self, modules: tuple[str, ...]) -> None:
        """Without a warning."""
        for module in modules:
            self.running[module].kill()
            self.running[module].wait()

    def end(self) -> None:
        """With one."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait()


def run(home: Path, n_rounds: int, seed: int = 1) -> Crash:
    """The rounds over that home."""
    database = Database(f"sqlite:///{home / 'telltale.db'}")
    migrate(database)
    with database.write("bench") as write:
        save_schema(write, "m", Schema("binary", (), ("0", "1"), "1"), {})
        secret = add_key(write, "m", "predictions", "bench")[1]
    crash, dice, both = Crash(), random.Random(seed), Processes(home)
    headers = {"Authorization": f"Bearer {secret}"}
    try:
        for i in range(n_rounds):
            both.start()
            began = time.perf_counter()
            _send_until_taken(both.url, headers, f"first-{i}", crash)
            crash.back_s.append(time.perf_counter() - began)
            _load(both, headers, i, (dice.uniform(0.2, 3.0), _victims(dice)), crash)
        both.start()
        _send_until_taken(both.url, headers, "last", crash)
        end = time.perf_counter() + WAIT_S
        while time.perf_counter() < end and (
            list((home / "wal").glob("*.log")) or not crash.answered <= set(_ids(database, home))
        ):
            time.sleep(0.5)
    finally:
        both.end()
    crash.in_log = _ids(database, home)
    crash.torn = _torn(database, home)
    database.close()
    return crash


def _victims(dice: random.Random) -> tuple[str, ...]:
    return dice.choice([MODULES[:1], MODULES[1:], MODULES])


def _load(
    both: Processes,
    headers: dict[str, str],
    i: int,
    death: tuple[float, tuple[str, ...]],
    crash: Crash,
) -> None:
    """Send from a few threads; kill after a while; what got no answer is sent again afterwards."""
    stop, pending = threading.Event(), []

    def send(sender: int) -> None:
        with httpx.Client(headers=headers, timeout=20) as client:
            for n in range(1_000_000):
                if stop.is_set():
                    return
                batch = [f"{i}-{sender}-{n}-{k}" for k in range(SIZE)]
                if not _post(client, both.url, batch, crash):
                    pending.append(batch)
                    return

    threads = [threading.Thread(target=send, args=(s,)) for s in range(SENDERS)]
    for thread in threads:
        thread.start()
    stop.wait(death[0])
    both.kill(death[1])
    stop.set()
    for thread in threads:
        thread.join()
    both.start()
    for batch in pending:
        _send_until_taken(both.url, headers, batch, crash)


def _send_until_taken(
    url: str, headers: dict[str, str], ids: str | list[str], crash: Crash
) -> None:
    batch = [ids] if isinstance(ids, str) else ids
    end = time.perf_counter() + START_S
    with httpx.Client(headers=headers, timeout=20) as client:
        while not _post(client, url, batch, crash):
            if time.perf_counter() > end:
                raise TimeoutError("the API took nothing again")
            time.sleep(0.05)


def _post(client: httpx.Client, url: str, ids: list[str], crash: Crash) -> bool:
    items = [
        {
            "prediction_id": i,
            "timestamp": "2026-03-01T12:00:00Z",
            "prediction": len(i) % 2,
            "features": {"x": 1.5},
        }
        for i in ids
    ]
    try:
        answer = client.post(f"{url}/predictions/batch", json={"items": items})
    except httpx.HTTPError:
        return False
    if answer.status_code != 200:
        return False
    found = [r["status"] for r in answer.json()["results"]]
    crash.answered |= {
        i for i, said in zip(ids, found, strict=True) if said in ("accepted", "duplicate")
    }
    return True


def _parts(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [(p.path, p.fingerprint) for p in list_parts(connection, "m")]


def _ids(database: Database, home: Path) -> list[str]:
    found: list[str] = []
    for path, _hash in _parts(database):
        try:
            found += pq.read_table(home / path, columns=["prediction_id"], partitioning=None)[
                "prediction_id"
            ].to_pylist()
        except FileNotFoundError:  # merged meanwhile
            continue
    return found


def _torn(database: Database, home: Path) -> list[str]:
    """Parts that are not what the manifest says, and files that it does not know."""
    parts = _parts(database)
    bad = [path for path, digest in parts if hash_file(home / path) != digest]
    return bad + [str(file) for file in (home / "logs").rglob("*.tmp")]


def main() -> None:
    """Print what the rounds found; exit 1 where something is missing."""
    n_rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        crash = run(Path(folder), n_rounds, seed=int(os.environ.get("BENCH_SEED", "1")))
    said = {
        "rounds": n_rounds,
        "answered": len(crash.answered),
        "lost": len(crash.lost),
        "twice": crash.n_twice,
        "torn": crash.torn,
        "slowest_start_s": round(max(crash.back_s), 2),
    }
    print(json.dumps(said))
    if crash.lost or crash.n_twice or crash.torn:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
