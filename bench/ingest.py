"""What the API takes, how soon it is seen, and what that costs: ``python -m bench.ingest``.

Starts everything (`telltale run`) over a fresh home with the sample logs, and sends predictions with
20 features from a process of its own over eight connections, each batch answered after its sync:
first as many a second as promised, while a browser walks through the pages and the manifest is
watched; then as many as it takes; then twice the promise for ``--minutes`` in either form. Then everything is
stopped, a million events are put into the write-ahead log, and everything is started again. At the
end every answered event must stand in the log exactly once. Writes docs/ingest-speed.md; ends with
1 where an event is missing or stands twice. Needs psutil, Chromium and two cores for itself.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.ingest.drain import columns_record
from app.ingest.wal import Wal
from app.settings import TABLE
from bench.sender import NUMBER, Sender, rows
from bench.served import ROOT
from bench.watched import EVERY_S, ROUND, House, Reader, Watch

PAGE = ROOT / "docs" / "ingest-speed.md"
PROMISED = {"json": 10_000, "arrow": 60_000}  # events a second
SIZES = {"json": 100, "arrow": 1_000}  # events a batch
SEEN_S = 300.0  # how long it is waited for the last event
BACKLOG = 1_000_000
WAITS = next(setting.default for setting in TABLE if setting.name == "wal_limit_mb")
LOADS = ("json", "arrow")
FIRST_S = 3.0
WARM, REST = 20, 30  # changes of page


def send(house: House, name: str, kind: str, seconds: float, rate: float) -> dict[str, Any]:
    """One load, and all that can be said about it once its last event is in the log."""
    plan = {"host": "127.0.0.1", "port": house.api, "key": house.key, "kind": kind, "name": name}
    plan |= {"size": SIZES[kind], "seconds": seconds, "rate": rate}
    before, parts = house.answered, house.processes()
    spent = {n: sum(p.cpu_times()[:2]) for n, p in parts.items()}
    watch = Watch(house)
    command = [sys.executable, "-m", "bench.sender"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        watch.start()
        text, _error = process.communicate(json.dumps(plan))
    found: dict[str, Any] = json.loads(text)
    house.answered += found["answered"]
    end = time.monotonic() + SEEN_S
    while house.n_in_log() < house.answered and time.monotonic() < end:
        time.sleep(EVERY_S)
    time.sleep(2 * EVERY_S)
    watch.end()
    n = max(found["answered"], 1)
    for name, process_ in parts.items():
        found[f"us {name}"] = 1e6 * (sum(process_.cpu_times()[:2]) - spent[name]) / n
    found["us sender"] = 1e6 * found["cpu_s"] / n
    found["span"] = (found["noted"][0][0], found["noted"][-1][0])
    delays = sorted(watch.delays(found.pop("noted"), before))
    found |= {"delay_s": delays[len(delays) // 2], "longest_delay_s": delays[-1]}
    found |= {"a_second": n / found["wall_s"], "mb": watch.most_mb, "wal_mb": watch.most_waiting_mb}
    print(kind, {k: v for k, v in found.items() if k != "span"}, flush=True)
    return found


def back(house: House) -> dict[str, float]:
    """A million events in the write-ahead log, and a start: seconds until events are taken again."""
    batch = [dict(row) for row in rows("wal", 100)]
    for row in batch:
        row |= row.pop("features") | {"timestamp": "2026-03-01T12:00:00"}
    what = {
        "model": "m",
        "kind": "predictions",
        "refused": [],
        "received_at": "2026-03-01T12:00:01",
    }
    text, wal = columns_record(what, batch), Wal(house.home / "wal")
    for i in range(BACKLOG // len(batch)):
        done = wal.append(text.replace(NUMBER.encode(), b"%09d" % i))
        if i % 100 == 0:
            done.result()
    done.result()
    wal.close()
    house.answered += BACKLOG
    one = Sender({"kind": "json", "size": 100, "name": "again", "key": house.key})
    start = time.monotonic()
    with house.running():
        while not _is_taken(house, one.request(0)):
            time.sleep(0.02)
        accepting = time.monotonic() - start
        house.answered += 100
        waited = house.n_in_log() < house.answered
        while house.n_in_log() < house.answered and time.monotonic() - start < SEEN_S:
            time.sleep(EVERY_S)
        replayed = time.monotonic() - start
    return {"accepting_s": accepting, "replayed_s": replayed, "was_behind": float(waited)}


def _is_taken(house: House, request: bytes) -> bool:
    import socket

    try:
        with socket.create_connection(("127.0.0.1", house.api), timeout=30) as connection:
            connection.sendall(request)
            return b" 200 " in connection.recv(200)
    except OSError:
        return False


def measure(house: House, seconds: float, minutes: float) -> dict[str, Any]:
    """All loads, one after another."""
    found: dict[str, Any] = {"busy": os.getloadavg()[0]}
    with house.running():
        house.ready()
        for kind in LOADS:  # what a first event brings about is not counted
            send(house, f"w-{kind}", kind, FIRST_S, PROMISED[kind] / 10)
        reader = Reader(f"http://localhost:{house.port}")
        reader.start()
        start = reader.wait_for(WARM)  # every page was drawn once
        found["rest"] = reader.p95(start, reader.wait_for(WARM + REST))
        for kind in LOADS:
            load = send(house, f"p-{kind}", kind, seconds, PROMISED[kind])
            found[f"paced {kind}"] = load | {"pages": reader.p95(*load["span"])}
        reader.end()
        for kind in LOADS:
            found[f"most {kind}"] = send(house, f"f-{kind}", kind, seconds / 3, 0)
        for kind in LOADS if minutes else ():
            rate = 2 * PROMISED[kind]
            found[f"twice {kind}"] = send(house, f"t-{kind}", kind, 60 * minutes, rate)
    found["back"] = back(house)
    found["answered"], (found["rows"], found["ids"]) = house.answered, house.count()
    return found


def table(found: dict[str, Any]) -> str:
    """The page of docs/."""
    lines = [
        "# How fast events are taken",
        "",
        "<!-- Generated by `python -m bench.ingest`; change the script instead. -->",
        "",
        f"Everything on one machine with {os.cpu_count()} cores: API, worker, screen, a browser that walks through the"
        " pages, and the sender. Predictions with 20 features over eight connections; an answer comes"
        " after the sync. Latency is counted from the planned moment of a batch. Other work on the machine"
        f" before it began: {found['busy']:.1f} processes on average.",
        "",
        "| | JSON, batches of 100 | Arrow, batches of 1,000 |",
        "|---|---:|---:|",
    ]
    for title, of, how in ROWS:
        cells = (how(found[f"{of} {kind}"]) for kind in LOADS)
        lines.append(f"| {title} | {' | '.join(cells)} |")
    n, p95 = found["rest"]
    again = found["back"]
    lines += [
        "",
        f"- A change of page takes {p95:.2f} s at the 95th percentile with nothing sent ({n} changes).",
        f"- With {BACKLOG:,} events in the write-ahead log, everything started anew takes events again"
        f" after {again['accepting_s']:.1f} s; the log holds them all after {again['replayed_s']:.0f} s.",
    ]
    lines += _at_twice(found) if "twice json" in found else []
    lines.append(
        f"- {found['answered']:,} events were answered; the log holds {found['rows']:,} rows with"
        f" {found['ids']:,} different ids."
    )
    return "\n".join(lines) + "\n"


def _at_twice(found: dict[str, Any]) -> list[str]:
    """Lines on the longer loads: what was answered, refused and used."""
    lines = [
        "",
        "## At twice the promised rate",
        "",
        "Memory is the largest that was resident at any of the looks, five a second. Where more comes than"
        f" the machine takes, what waits in the write-ahead log is bounded ({WAITS} MB by default), and then"
        " senders are told to come back later.",
        "",
        "| | JSON, batches of 100 | Arrow, batches of 1,000 |",
        "|---|---:|---:|",
    ]
    for title, how in TWICE:
        cells = (how(found[f"twice {kind}"]) for kind in LOADS)
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return [*lines, ""]


def _number(name: str, unit: str = "", digits: int = 0) -> Callable[[dict[str, Any]], str]:
    return lambda load: f"{load[name]:,.{digits}f}{unit}"


def _of_a_round(most_mb: dict[str, float]) -> str:
    return f"{most_mb[ROUND]:,.0f} MB" if ROUND in most_mb else "none was due"


ROWS: tuple[tuple[str, str, Callable[[dict[str, Any]], str]], ...] = (
    ("answered a second, sent at the promised rate", "paced", _number("a_second")),
    ("a batch, median", "paced", _number("p50_ms", " ms")),
    ("a batch, 99th percentile", "paced", _number("p99_ms", " ms")),
    ("in the log after the answer, median", "paced", _number("delay_s", " s", 1)),
    ("in the log after the answer, longest", "paced", _number("longest_delay_s", " s", 1)),
    ("a change of page meanwhile, 95th percentile", "paced", lambda x: f"{x['pages'][1]:.2f} s"),
    ("CPU of the API for an event", "paced", _number("us app.api", " µs", 1)),
    ("CPU of the worker for an event", "paced", _number("us app.worker", " µs", 1)),
    ("CPU of the sender for an event", "paced", _number("us sender", " µs", 1)),
    ("answered a second, sent as fast as answers come", "most", _number("a_second")),
    ("a batch then, 99th percentile", "most", _number("p99_ms", " ms")),
    ("in the log then, longest", "most", _number("longest_delay_s", " s", 1)),
)

TWICE: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
    ("sent for", _number("wall_s", " s")),
    ("answered a second", _number("a_second")),
    ("batches told to come back later", lambda x: f"{sum(x['refused'].values()):,}"),
    ("most in the write-ahead log", _number("wal_mb", " MB")),
    ("in the log after the answer, median", _number("delay_s", " s", 1)),
    ("in the log after the answer, longest", _number("longest_delay_s", " s", 1)),
    ("memory of the API, at most", lambda x: f"{x['mb']['app.api']:,.0f} MB"),
    ("memory of the worker, at most", lambda x: f"{x['mb']['app.worker']:,.0f} MB"),
    ("of a round of monitors, a process of its own", lambda x: _of_a_round(x["mb"])),
)


def main() -> int:
    """Measure, write, and say whether every event stands once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each paced load")
    parser.add_argument("--minutes", type=float, default=1.0, help="of twice the promised load")
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(House(Path(folder)), options.seconds, options.minutes)
    text = table(found)
    options.page.write_text(text, encoding="utf-8")
    print(text)
    return 0 if found["answered"] == found["rows"] == found["ids"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
