"""A lean sender of predictions, a process of its own: ``python -m bench.sender`` with a plan on stdin.

The plan is JSON: host, port, key, kind ("json" or "arrow"), size of a batch, seconds, rate in events
a second (0: as fast as answers come) and a name that its ids begin with. Bodies are made beforehand;
only the number of the batch in each id is put in when one is sent. Latencies of a paced load count
from the planned moment, so that waiting for a free connection counts too.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

CONNECTIONS = 8
TEMPLATES = 100  # bodies with values of their own
NUMBER = "#########"  # nine digits stand here once a body is sent
FEATURES = 20
TYPES = {"json": "application/json", "arrow": "application/vnd.apache.arrow.stream"}
EVERY_S = 0.1  # how often it is noted how much was answered


def rows(name: str, n: int, seed: int = 7) -> list[dict[str, Any]]:
    """Predictions of this moment with 20 features, ids ``name-NUMBER-i``."""
    values = np.random.default_rng(seed).normal(size=(n, FEATURES)).round(6)
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return [
        {
            "prediction_id": f"{name}-{NUMBER}-{i}",
            "timestamp": now,
            "prediction": i % 2,
            "score": 0.5,
            "latency_ms": 12.0,
            "features": {f"f{j}": float(v) for j, v in enumerate(values[i])},
        }
        for i in range(n)
    ]


def body_of(kind: str, batch: list[dict[str, Any]]) -> bytes:
    """The body of a request."""
    if kind == "json":
        return json.dumps({"items": batch}).encode()
    table = pa.Table.from_pylist(batch)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


class Sender:
    """Sends one load over a few connections and notes what became of it."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.bodies = [
            body_of(plan["kind"], rows(plan["name"], plan["size"], seed))
            for seed in range(TEMPLATES)
        ]
        self.next = 0
        self.n, self.refused, self.took = 0, Counter[int](), list[float]()
        self.noted: list[tuple[float, int]] = []

    def request(self, number: int) -> bytes:
        """The next request as it goes over the wire."""
        body = self.bodies[number % TEMPLATES].replace(NUMBER.encode(), b"%09d" % number)
        head = (
            "POST /api/v1/predictions/batch HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self.plan['key']}\r\n"
            f"Content-Type: {TYPES[self.plan['kind']]}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def connection(self, start: float) -> None:
        """Send until the time is over: the next batch that is due, whichever connection is free."""
        reader, writer = await asyncio.open_connection(self.plan["host"], self.plan["port"])
        rate, end = self.plan["rate"], start + self.plan["seconds"]
        while True:
            number, self.next = self.next, self.next + 1
            due = start + number * self.plan["size"] / rate if rate else time.monotonic()
            if max(due, time.monotonic()) >= end:
                break
            text = self.request(number)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            writer.write(text)
            await writer.drain()
            status, answer = await _answer(reader)
            self.took.append(time.monotonic() - due)
            if status == 200:
                self.n += answer.count(b'"accepted"')
            else:
                self.refused[status] += 1
            now = time.monotonic()
            if not self.noted or now - self.noted[-1][0] >= EVERY_S:
                self.noted.append((now, self.n))
        writer.close()

    async def run(self) -> dict[str, Any]:
        """The load, and what became of it."""
        start, spent = time.monotonic(), time.process_time()
        await asyncio.gather(*(self.connection(start) for _ in range(CONNECTIONS)))
        self.noted.append((time.monotonic(), self.n))
        return {
            "answered": self.n,
            "refused": dict(self.refused),
            "wall_s": time.monotonic() - start,
            "p99_ms": 1000 * float(np.quantile(self.took, 0.99)) if self.took else None,
            "p50_ms": 1000 * float(np.quantile(self.took, 0.5)) if self.took else None,
            "noted": self.noted,
            "cpu_s": time.process_time() - spent,
        }


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
    return int(head.split(b" ", 2)[1]), await reader.readexactly(length)


if __name__ == "__main__":
    sender = Sender(json.load(sys.stdin))
    sys.stdout.write(json.dumps(asyncio.run(sender.run())))
