"""Numbers in Prometheus' text format, and who may read them."""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from app.settings import LOOPBACK, Settings

Sample = tuple[Mapping[str, str], float]
STARTED = time.time()
TYPE = "text/plain; version=0.0.4; charset=utf-8"


def write_family(
    name: str, kind: Literal["counter", "gauge"], text: str, samples: Iterable[Sample]
) -> list[str]:
    """The lines of one metric: what it is, and a line for each set of labels."""
    lines = [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        said = ",".join(f'{key}="{_escaped(v)}"' for key, v in labels.items())
        number = str(value) if isinstance(value, int) else repr(float(value))
        lines.append(f"{name}{{{said}}} {number}" if said else f"{name} {number}")
    return lines


def write_process() -> list[str]:
    """What the process itself uses, under the names that every exporter has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if _has_proc() else 0
    memory = pages * os.sysconf("SC_PAGE_SIZE")
    lines = write_family(
        "process_cpu_seconds_total", "counter", "CPU time used.", [({}, time.process_time())]
    )
    started = "When this process started."
    lines += write_family("process_start_time_seconds", "gauge", started, [({}, STARTED)])
    if memory:
        what = "Memory held."
        lines += write_family("process_resident_memory_bytes", "gauge", what, [({}, memory)])
    return lines


def respond(lines: Sequence[str]) -> Response:
    """The lines as an answer."""
    return Response("\n".join(lines) + "\n", media_type=TYPE)


def refusal(request: Request, settings: Settings, *, is_admin: bool = False) -> Response | None:
    """403 for who is neither on this machine, nor an admin, nor has the token."""
    address = request.client.host if request.client else ""
    token = settings.text("metrics_token")
    scheme, _space, given = request.headers.get("authorization", "").partition(" ")
    has_token = scheme.lower() == "bearer" and bool(token)
    if has_token and hmac.compare_digest(given.strip().encode(), token.encode()):
        return None
    if is_admin or address in LOOPBACK:
        return None
    text = "Ask from this machine, as an admin, or with the token of TELLTALE_METRICS_TOKEN.\n"
    return PlainTextResponse(text, 403)


def _has_proc() -> bool:
    return Path("/proc/self/statm").is_file()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
