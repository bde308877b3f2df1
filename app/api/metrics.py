"""``/metrics`` of the API's own port: what was taken and refused, and what waits.

It stands outside ``/api``, so that the screen's port never forwards to it.
"""

from __future__ import annotations

import shutil
import time

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.access import database_of, settings_of
from app.counters import COUNTERS
from app.exposition import Sample, refusal, respond, write_family, write_process
from app.ingest.wal import Wal
from app.state.logs import home_of

ITEMS, ANSWERS = "ingest_items", "api_responses"
own = APIRouter()


def count_items(model: str, kind: str, results: list[dict[str, str]]) -> None:
    """Count what became of the items of a request."""
    for outcome in ("accepted", "duplicate", "rejected"):
        n = sum(1 for result in results if result["status"] == outcome)
        if n:
            COUNTERS.add(ITEMS, "\x1f".join((model, kind, outcome)), n)


@own.get("/metrics", include_in_schema=False)
def get_metrics(request: Request) -> Response:
    """Counts in Prometheus' text format."""
    refused = refusal(request, settings_of(request))
    if refused is not None:
        return refused
    items: list[Sample] = []
    answers: list[Sample] = []
    for (name, label), n in sorted(COUNTERS.read().items()):
        if name == ITEMS:
            model, kind, outcome = label.split("\x1f")
            items.append(({"model": model, "kind": kind, "outcome": outcome}, n))
        elif name == ANSWERS:
            answers.append(({"status": label}, n))
    text = "Items by what became of them."
    lines = write_family("telltale_ingest_items_total", "counter", text, items)
    text = "Answers of the API by status."
    lines += write_family("telltale_api_responses_total", "counter", text, answers)
    return respond([*lines, *_queue(request), *write_process()])


def _queue(request: Request) -> list[str]:
    """What waits: in memory, and on the disk for the log."""
    folder = home_of(database_of(request)) / "wal"
    sizes, oldest = [], time.time()
    for file in folder.glob("*.log"):
        try:
            found = file.stat()
        except FileNotFoundError:
            continue
        sizes.append(found.st_size)
        oldest = min(oldest, found.st_mtime)
    there = folder if folder.is_dir() else folder.parent
    kept: tuple[Wal, object] | None = getattr(request.app.state, "wal", None)
    wal = None if kept is None else kept[0]
    gauges = {
        "telltale_wal_files": ("Files of the write-ahead log that wait.", len(sizes)),
        "telltale_wal_bytes": ("Bytes that wait to be taken into the log.", sum(sizes)),
        "telltale_wal_oldest_seconds": (
            "Since the last write to the file that waits longest.",
            round(time.time() - oldest, 3) if sizes else 0,
        ),
        "telltale_wal_queued_bytes": (
            "Bytes in memory that wait to be synced.",
            0 if wal is None else wal.n_queued,
        ),
        "telltale_home_free_bytes": ("Free bytes of the home's disk.", _free(str(there))),
    }
    lines = []
    for name, (text, value) in gauges.items():
        lines += write_family(name, "gauge", text, [({}, value)])
    counts = {
        "telltale_wal_syncs_total": ("Syncs.", 0 if wal is None else wal.n_syncs),
        "telltale_wal_sync_seconds_total": (
            "Time spent in them.",
            0.0 if wal is None else wal.sync_s,
        ),
    }
    for name, (text, value) in counts.items():
        lines += write_family(name, "counter", text, [({}, value)])
    return lines


def _free(folder: str) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
