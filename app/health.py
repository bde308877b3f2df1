"""/healthz for whoever restarts us, /metrics for whoever watches us."""

from __future__ import annotations

import os
import time

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.auth.current import state
from app.auth.routes import session_viewer
from app.counters import COUNTERS
from app.settings import LOOPBACK
from app.state.sessions import count_sessions

STARTED = time.time()
HELP = {
    "http_responses": ("status", "Answers of the screen by status."),
    "sign_ins": ("outcome", "Attempts to sign in by outcome."),
    "problems": ("kind", "Problems that a page drew."),
}


def get_health(_request: Request) -> Response:
    """Whether the database answers and the home can be written."""
    database, settings = state()
    checks = {"home": os.access(settings.home, os.W_OK)}
    try:
        with database.read() as connection:
            connection.execute(sa.text("SELECT count(*) FROM migration"))
        checks["database"] = True
    except sa.exc.SQLAlchemyError:
        checks["database"] = False
    is_well = all(checks.values())
    body = {"status": "ok" if is_well else "failing", "checks": checks}
    return JSONResponse(body, status_code=200 if is_well else 503)


def get_metrics(request: Request) -> Response:
    """Counts in Prometheus' text format, for this machine and for admins."""
    address = request.client.host if request.client else ""
    viewer = session_viewer(request)
    if address not in LOOPBACK and not (viewer is not None and viewer.may("admin")):
        return PlainTextResponse("Ask from this machine, or signed in as an admin.\n", 403)
    database, settings = state()
    lines = []
    counts = COUNTERS.read()
    for name, (label, text) in HELP.items():
        lines += [f"# HELP telltale_{name}_total {text}", f"# TYPE telltale_{name}_total counter"]
        for (found, value), n in sorted(counts.items()):
            if found == name:
                lines.append(f'telltale_{name}_total{{{label}="{value}"}} {n}')
    gauges: dict[str, tuple[str, float]] = {
        "sessions": ("Live sessions.", count_sessions(database, settings.number("session_idle_s"))),
        "start_time_seconds": ("When this process started.", round(STARTED, 3)),
    }
    for name, (text, number) in gauges.items():
        lines += [f"# HELP telltale_{name} {text}", f"# TYPE telltale_{name} gauge"]
        lines.append(f"telltale_{name} {number}")
    body = "\n".join(lines) + "\n"
    return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")


ROUTES = (
    Route("/healthz", get_health, methods=["GET"]),
    Route("/metrics", get_metrics, methods=["GET"]),
)
