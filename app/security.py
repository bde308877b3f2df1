"""Headers on every answer, and requests that are refused before anything reads them."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth.routes import session_viewer
from app.counters import COUNTERS
from app.headers import refuse_foreign, screen_headers

# Files that pages hand out or take: their addresses are hard to guess, but links travel.
SIGNED_IN_ONLY = ("/media/", "/_stcore/upload_file")
CLOSED = ("/_stcore/metrics", "/_stcore/agent", "/_stcore/script-health-check")


class SecurityHeaders:
    """Adds the headers, counts answers, and refuses what no page of ours asks for."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal, status = _refusal(scope), 403
        if scope["path"].startswith(SIGNED_IN_ONLY):
            viewer = await run_in_threadpool(session_viewer, HTTPConnection(scope))
            if viewer is None:
                refusal, status = "Sign in first.\n", 401
        if refusal is not None and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in screen_headers().items():
                    headers[name] = value
                COUNTERS.add("http_responses", str(message["status"]))
            await send(message)

        app = self.app if refusal is None else PlainTextResponse(refusal, status_code=status)
        await app(scope, receive, send_with_headers)


def _refusal(scope: Scope) -> str | None:
    if scope["path"].startswith(CLOSED):
        return "This address is closed.\n"
    return refuse_foreign(scope)
