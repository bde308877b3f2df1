"""How long a sender waits for POST /api/v1/feedback, and how soon the item is where people look.

Real processes: the API and a worker on a home of their own; one sender at a steady pace, each
request timed from its planned moment, so that a slow answer makes the next ones late as well.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from analytics.core import Schema
from app.state.database import Database
from app.state.feedback import Given, receive_all
from app.state.inbox import Filter, count_items, list_items
from app.state.keys import add_key
from app.state.migrations import migrate
from app.state.models import save_schema
from app.state.outbox import count_waiting

ROOT = Path(__file__).resolve().parents[1]
MODEL = "bench"
REPEATS = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument(
        "--items", type=int, default=10_000, help="items that the list pages through"
    )
    parser.add_argument("--alone", action="store_true", help="the API without the worker")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        database = Database(f"sqlite:///{home / 'telltale.db'}")
        migrate(database)
        with database.write("bench") as write:
            save_schema(write, MODEL, Schema("binary", (), ("0", "1"), "1"), {})
            secret = add_key(write, MODEL, "feedback", "bench")[1]
        fill(database, asked.items)
        listed = list_times(database)
        post, seen, logged = with_processes(home, database, secret, asked)
        database.close()
    print(
        f"POST at {asked.rate:g} a second for {asked.seconds:g} s, {len(post)} requests (ms): {spread(post)}"
    )
    print(f"from POST to the inbox's list query (ms): {spread(seen)}")
    print(f"the last item stood in the log after {logged:.2f} s")
    for name, times in listed.items():
        print(f"{name}, {asked.items:,} items (ms): {spread(times)}")
    return 0


def spread(times: Sequence[float]) -> str:
    """Median, p95, p99 and largest of some times in milliseconds."""
    ms = 1000 * np.asarray(times)
    p50, p95, p99 = np.percentile(ms, [50, 95, 99])
    return f"p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f}, largest {ms.max():.1f}"


def fill(database: Database, n: int) -> None:
    """Items that are there already."""
    for at in range(0, n, 1000):
        given = [
            Given("thumbs", f"P{i}", score=float(i % 2), comment=f"remark {i}", identifier=str(i))
            for i in range(at, min(at + 1000, n))
        ]
        with database.write("bench") as write:
            receive_all(write, MODEL, given)


def list_times(database: Database) -> dict[str, list[float]]:
    """How long the list takes: the first page, a late page, a filtered page with its count."""
    now = database.clock()
    asks = {
        "list, first page": (Filter(MODEL), 0),
        "list, page 150": (Filter(MODEL), 7450),
        "list, negative and open, since yesterday": (
            Filter(MODEL, statuses=("new", "triaged"), is_negative_only=True, since=now - timedelta(days=1)),
            0,
        ),
    }  # fmt: skip
    times: dict[str, list[float]] = {name: [] for name in asks}
    for name, (which, at) in asks.items():
        for _ in range(REPEATS):
            started = time.perf_counter()
            list_items(database, which, at, 50)
            count_items(database, which)
            times[name].append(time.perf_counter() - started)
    return times


def with_processes(
    home: Path, database: Database, secret: str, asked: argparse.Namespace
) -> tuple[list[float], list[float], float]:
    """(times of POST, times until the inbox lists it, seconds until the log holds the last)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TELLTALE_")}
    environment |= {"TELLTALE_HOME": str(home), "TELLTALE_API_PORT": str(port), "PYTHONPATH": str(ROOT)}  # fmt: skip
    processes = [
        subprocess.Popen([sys.executable, "-m", module], cwd=ROOT, env=environment)
        for module in (("app.api",) if asked.alone else ("app.api", "app.worker"))
    ]
    try:
        wait_until_there(port)
        while count_waiting(database) and not asked.alone:
            threading.Event().wait(0.1)
        post, seen = send(port, database, secret, asked)
        ended = time.perf_counter()
        while count_waiting(database) and not asked.alone:
            threading.Event().wait(0.02)
        return post, seen, time.perf_counter() - ended
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def wait_until_there(port: int) -> None:
    """Until the API answers."""
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/api/v1/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            threading.Event().wait(0.1)
        finally:
            connection.close()


def send(
    port: int, database: Database, secret: str, asked: argparse.Namespace
) -> tuple[list[float], list[float]]:
    """Post at a steady pace; every tenth item is looked for in the inbox afterwards."""
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    post, seen = [], []
    start = time.perf_counter()
    for i in range(int(asked.rate * asked.seconds)):
        planned = start + i / asked.rate
        threading.Event().wait(max(0.0, planned - time.perf_counter()))
        body = {"prediction_id": f"Q{i}", "key": "thumbs", "score": i % 2, "comment": f"new {i}"}
        connection.request("POST", "/api/v1/feedback", json.dumps(body), headers)
        answer = connection.getresponse()
        told = json.load(answer)
        assert answer.status == 201, told
        post.append(time.perf_counter() - planned)
        if i % 10 == 0:
            while list_items(database, Filter(MODEL), 0, 1)[0].id != told["id"]:
                threading.Event().wait(0.005)
            seen.append(time.perf_counter() - planned)
    connection.close()
    return post, seen


if __name__ == "__main__":
    raise SystemExit(main())
