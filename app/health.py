"""/healthz for whoever restarts us, /metrics for whoever watches us."""

from __future__ import annotations

import os

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.auth.current import state
from app.auth.routes import session_viewer
from app.counters import COUNTERS
from app.exposition import STARTED, Sample, refusal, respond, write_family
from app.headlines import HEADLINES
from app.state.sessions import count_sessions

HELP = {
    "http_responses": ("status", "Answers of the screen by status."),
    "sign_ins": ("outcome", "Attempts to sign in by outcome."),
    "problems": ("kind", "Problems that a page drew."),
    "answers": ("way", "Answers that pages were given: made, kept from before, shared, cancelled."),
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
    """Counts and the models' headline numbers in Prometheus' text format."""
    viewer = session_viewer(request)
    database, settings = state()
    is_admin = viewer is not None and viewer.may("admin")
    refused = refusal(request, settings, is_admin=is_admin)
    if refused is not None:
        return refused
    lines = []
    counts = sorted(COUNTERS.read().items())
    for name, (label, text) in HELP.items():
        samples: list[Sample] = [
            ({label: value}, n) for (found, value), n in counts if found == name
        ]
        lines += write_family(f"telltale_{name}_total", "counter", text, samples)
    n = count_sessions(database, settings.number("session_idle_s"))
    lines += write_family("telltale_sessions", "gauge", "Live sessions.", [({}, n)])
    started = "When this process started."
    lines += write_family(
        "telltale_start_time_seconds", "gauge", started, [({}, round(STARTED, 3))]
    )
    return respond([*lines, *HEADLINES.lines(settings)])


ROUTES = (
    Route("/healthz", get_health, methods=["GET"]),
    Route("/metrics", get_metrics, methods=["GET"]),
)
