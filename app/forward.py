"""The screen's port answers for the API too: ``/api`` goes on to the process that serves it."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator

import httpx
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.api.answers import ApiError, answer
from app.api.body import limited
from app.settings import settings_in_force

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
TIMEOUT = httpx.Timeout(60.0, connect=5.0)
# Cookies are the screen's alone; the rest is about one connection, not about the request.
KEPT_BACK = frozenset(
    (
        *("host", "cookie", "connection", "keep-alive", "te", "trailer", "transfer-encoding"),
        *("upgrade", "proxy-authorization", "proxy-authenticate", "content-length", "expect"),
        *("set-cookie", "server", "date"),
    )
)


@functools.cache
def _client() -> httpx.AsyncClient:
    """The connections of this process to the API, kept open between requests."""
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=20)
    return httpx.AsyncClient(timeout=TIMEOUT, limits=limits, trust_env=False)


async def forward(request: Request) -> Response:
    """Send the request on as it comes, and the answer back as it comes."""
    settings = settings_in_force()
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.text("host"), settings.text("host"))  # noqa: S104
    shown = f"[{host}]" if ":" in host else host
    path = request.scope.get("raw_path", request.url.path.encode()).decode("ascii").split("?")[0]
    query = f"?{request.url.query}" if request.url.query else ""
    headers = [(k, v) for k, v in request.headers.items() if k not in KEPT_BACK]
    has_body = {"content-length", "transfer-encoding"} & set(request.headers)
    failure: ApiError | None = None

    async def body() -> AsyncIterator[bytes]:
        nonlocal failure
        limit = settings.number("api_limit_mb") << 20
        source = Request(request.scope, limited(request.scope, request.receive, limit))
        try:
            async for chunk in source.stream():
                yield chunk
        except ApiError as error:
            failure = error
            raise httpx.WriteError("the body was refused") from error

    sent = _client().build_request(
        request.method,
        f"http://{shown}:{settings.api_port}{path}{query}",
        headers=headers,
        content=body() if has_body else None,
    )
    try:
        reply = await _client().send(sent, stream=True)
    except httpx.HTTPError:
        return answer(failure or _NOT_THERE)
    kept = {k: v for k, v in reply.headers.items() if k not in KEPT_BACK}
    end = BackgroundTask(reply.aclose)
    return StreamingResponse(reply.aiter_raw(), reply.status_code, kept, background=end)


_NOT_THERE = ApiError(
    503,
    "The API does not answer.",
    "It is a process of its own, and this one runs without it or it is starting.",
    "Start all parts with `telltale run`, or the API with `telltale run --only ingest`.",
)

ROUTES = (Route("/api/{path:path}", forward, methods=METHODS),)
