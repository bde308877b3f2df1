"""How many predictions a second the API takes, each batch answered after its sync: ``python -m bench.ingest``.

Starts API and worker as processes of their own over a fresh home, sends JSON batches of 100 and
Arrow batches of 1,000 (20 features each) from a few connections for a while, waits until the log
holds them, and counts that every answered one stands there exactly once. CPU time of both processes
for each event tells more than the rate where the machine is shared. Needs psutil.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pyarrow as pa

from analytics.core import Schema
from analytics.query.engine import Engine
from app.state.database import Database
from app.state.keys import add_key
from app.state.logs import load_dataset
from app.state.migrations import migrate
from app.state.models import save_schema

SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
PORT = int(os.environ.get("BENCH_PORT", "8790"))
SENDERS = 8
PATH = "/api/v1/predictions/batch"
MOST = {"json": 25_000, "arrow": 120_000}  # events a second that are made beforehand
ARROW = "application/vnd.apache.arrow.stream"


def rows(prefix: str, n: int) -> list[dict[str, Any]]:
    """Predictions with 20 features."""
    values = np.random.default_rng(7).normal(size=(n, 20)).round(6)
    return [
        {
            "prediction_id": f"{prefix}-{i}",
            "timestamp": "2026-03-01T12:00:00Z",
            "prediction": i % 2,
            "score": 0.5,
            "latency_ms": 12.0,
            "features": {f"f{j}": float(v) for j, v in enumerate(values[i])},
        }
        for i in range(n)
    ]


def to_json(batch: list[dict[str, Any]]) -> tuple[bytes, str]:
    """The body of a JSON request and its type."""
    return json.dumps({"items": batch}).encode(), "application/json"


def to_arrow(batch: list[dict[str, Any]]) -> tuple[bytes, str]:
    """The body of an Arrow request and its type."""
    table = pa.Table.from_pylist(batch)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes(), ARROW


@dataclass(slots=True)
class Load:
    """What was sent: rows accepted, refusals by status, seconds of each answer, seconds in all."""

    accepted: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)
    wall: float = 0.0


def bodies(name: str, size: int, n: int, make: Any) -> Iterator[tuple[bytes, str]]:
    """Requests made before the clock starts: building them is the sender's work, not the API's."""
    return iter([make(rows(f"{name}-{i}", size)) for i in range(n)])


async def send(key: str, made: Iterator[tuple[bytes, str]]) -> Load:
    """Send for a while, or until all is sent."""
    load = Load()
    end = time.perf_counter() + SECONDS

    async def one(client: httpx.AsyncClient) -> None:
        for body, kind in made:
            if time.perf_counter() > end:
                return
            start = time.perf_counter()
            answer = await client.post(PATH, content=body, headers={"Content-Type": kind})
            load.took.append(time.perf_counter() - start)
            if answer.status_code == 200:
                load.accepted += answer.content.count(b'"accepted"')
            else:
                load.refused[answer.status_code] += 1

    start = time.perf_counter()
    headers = {"Authorization": f"Bearer {key}"}
    url = f"http://127.0.0.1:{PORT}"
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
        await asyncio.gather(*(one(client) for _ in range(SENDERS)))
    load.wall = time.perf_counter() - start
    return load


def cpu_s(process: subprocess.Popen[bytes]) -> float:
    """Seconds of CPU that a process used so far."""
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


def count(database: Database, home: Path) -> tuple[int, int]:
    """Rows and different ids in the log."""
    parts = load_dataset(database, "m", home).log("predictions").parts
    if not parts:
        return 0, 0
    files = ", ".join(f"'{part.path}'" for part in parts)
    sql = f"SELECT count(*), count(DISTINCT prediction_id) FROM read_parquet([{files}])"
    found: tuple[int, int] = Engine([home]).rows(sql)[0]
    return found


def run(home: Path) -> None:
    """Both loads, and the count after each."""
    database = Database(f"sqlite:///{home / 'telltale.db'}")
    migrate(database)
    with database.write("bench") as write:
        save_schema(write, "m", Schema("binary", (), ("0", "1"), "1"), {})
        _key, secret = add_key(write, "m", "predictions", "bench")
    own = {"TELLTALE_HOME": str(home), "TELLTALE_API_PORT": str(PORT), "TELLTALE_API_RATE": "9999"}
    environment = {**os.environ, **own}
    commands = ([sys.executable, "-m", module] for module in ("app.api", "app.worker"))
    children = [subprocess.Popen(command, env=environment) for command in commands]
    try:
        for _ in range(300):
            try:
                httpx.get(f"http://127.0.0.1:{PORT}/api/v1/healthz")
                break
            except httpx.TransportError:
                time.sleep(0.2)
        total = 0
        for name, size, make in (("json", 100, to_json), ("arrow", 1000, to_arrow)):
            made = bodies(name, size, int(MOST[name] * SECONDS / size), make)
            before = [cpu_s(child) for child in children]
            load = asyncio.run(send(secret, made))
            total += load.accepted
            start = time.perf_counter()
            while (found := count(database, home))[0] < total and time.perf_counter() - start < 90:
                time.sleep(0.25)
            late = time.perf_counter() - start
            time.sleep(1.0)  # what is merged afterwards counts too
            spent = [cpu_s(child) - b for child, b in zip(children, before, strict=True)]
            api, worker = (1e6 * s / max(load.accepted, 1) for s in spent)
            memory = psutil.Process(children[0].pid).memory_info().rss >> 20
            p99 = 1000 * float(np.quantile(load.took, 0.99))
            print(
                f"{name} x{size}: {load.accepted / load.wall:.0f} a second, p99 {p99:.0f} ms,"
                f" {load.accepted} answered, refused {dict(load.refused)};"
                f" CPU {api:.1f} us an event in the API, {worker:.1f} in the worker;"
                f" in the log {found[0]} rows, {found[1]} ids, {late:.1f} s later; API {memory} MB"
            )
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder))
