"""How many predictions a second the API takes, each batch answered after its sync: ``python -m bench.ingest``.

Starts API and worker as processes of their own over a fresh home, sends JSON batches of 100 and
Arrow batches of 1,000 (20 features each) from a few connections for a while, waits until the log
holds them, and counts that every answered one stands there exactly once. Prints a table.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
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


def to_json(batch: list[dict[str, Any]]) -> dict[str, Any]:
    """The arguments of a JSON request."""
    return {"json": {"items": batch}}


def to_arrow(batch: list[dict[str, Any]]) -> dict[str, Any]:
    """The arguments of an Arrow request."""
    table = pa.Table.from_pylist(batch)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return {"content": sink.getvalue().to_pybytes(), "headers": {"Content-Type": ARROW}}


async def send(name: str, key: str, size: int, make: Any) -> tuple[int, list[float], float]:
    """Send for a while: rows accepted, seconds of each answer, seconds in all."""
    took: list[float] = []
    accepted = 0
    end = time.perf_counter() + SECONDS

    async def one(sender: int, client: httpx.AsyncClient) -> None:
        nonlocal accepted
        for i in range(1_000_000):
            if time.perf_counter() > end:
                return
            made = make(rows(f"{name}-{sender}-{i}", size))
            start = time.perf_counter()
            answer = await client.post("/api/v1/predictions/batch", **made)
            took.append(time.perf_counter() - start)
            if answer.status_code == 200:
                accepted += sum(r["status"] == "accepted" for r in answer.json()["results"])

    start = time.perf_counter()
    headers = {"Authorization": f"Bearer {key}"}
    url = f"http://127.0.0.1:{PORT}"
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
        await asyncio.gather(*(one(s, client) for s in range(SENDERS)))
    return accepted, took, time.perf_counter() - start


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
            n, took, wall = asyncio.run(send(name, secret, size, make))
            total += n
            start = time.perf_counter()
            while (found := count(database, home))[0] < total and time.perf_counter() - start < 90:
                time.sleep(0.25)
            memory = (
                Path(f"/proc/{children[0].pid}/status").read_text().split("VmHWM:")[1].split()[0]
            )
            p99 = 1000 * float(np.quantile(took, 0.99))
            print(
                f"{name} x{size}: {n / wall:.0f} a second, p99 {p99:.0f} ms, {n} answered;"
                f" in the log {found[0]} rows, {found[1]} ids, {time.perf_counter() - start:.1f} s"
                f" later; API at most {int(memory) >> 10} MB"
            )
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder))
