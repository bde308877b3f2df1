"""The FastAPI application: routes of every kind of log, limits, and errors that say what to do."""

from __future__ import annotations

import importlib
import pkgutil

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import app.api
from analytics.errors import TelltaleError
from app.api import answers, metrics
from app.api.access import Keys, Rates, database_of
from app.api.body import BodyLimit
from app.counters import COUNTERS
from app.headers import HEADERS, refuse_foreign
from app.settings import Settings
from app.state.database import Database
from app.state.migrations import is_reachable

PREFIX = "/api/v1"
_HANDLERS = {
    HTTPException: answers.on_api_error,
    RequestValidationError: answers.on_invalid,
    TelltaleError: answers.on_telltale_error,
    Exception: answers.on_unknown,
}
NO_TELEMETRY = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


def make_app(settings: Settings, database: Database) -> FastAPI:
    """The application over one state database; each module here with a ``router`` adds its routes."""
    made = FastAPI(
        title="Telltale",
        version="1",
        summary="Send feedback and events about predictions.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # the page that draws it loads scripts from elsewhere
        redoc_url=None,
        telemetry=NO_TELEMETRY,  # type: ignore[arg-type]
    )
    for kind, handler in _HANDLERS.items():
        made.add_exception_handler(kind, handler)
    made.state.settings, made.state.database = settings, database
    made.state.keys = Keys(database)
    made.state.rates = Rates(settings.number("api_rate"))
    made.include_router(_own)
    made.include_router(metrics.own)
    for module in sorted(m.name for m in pkgutil.iter_modules(app.api.__path__)):
        if module.startswith("_"):
            continue
        router = getattr(importlib.import_module(f"app.api.{module}"), "router", None)
        if isinstance(router, APIRouter):
            made.include_router(router, prefix=PREFIX)
    origins = settings.text("api_origins").split()
    if origins:
        made.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["POST"],
            allow_headers=["authorization", "content-type"],
        )
    made.add_middleware(BodyLimit, limit=settings.number("api_limit_mb") << 20)
    made.add_middleware(Guard)
    return made


class Guard:
    """The headers of every answer, and no answer to foreign hosts in the demo."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                COUNTERS.add(metrics.ANSWERS, str(message["status"]))
            await send(message)

        refusal = refuse_foreign(scope)
        inner = self.app if refusal is None else PlainTextResponse(refusal, status_code=403)
        await inner(scope, receive, send_with_headers)


_own = APIRouter(prefix=PREFIX)


@_own.get("/healthz", summary="Whether the API answers and can write")
def get_health(request: Request) -> Response:
    """200 where the state database answers and the disk takes what comes, else 503."""
    kept = getattr(request.app.state, "wal", None)
    is_working = kept is None or kept[0].is_working()
    if is_working and is_reachable(database_of(request)):
        return JSONResponse({"status": "ok"})
    return JSONResponse({"status": "failing"}, status_code=503)
