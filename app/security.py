"""Headers on every answer, and requests that are refused before anything reads them."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth.routes import session_viewer
from app.counters import COUNTERS
from app.settings import LOOPBACK, settings_in_force

# The hash is Streamlit's one inline script; blob: is how it loads scripts of custom components.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA=' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# Files that pages hand out or take: their addresses are hard to guess, but links travel.
SIGNED_IN_ONLY = ("/media/", "/_stcore/upload_file")
FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-real-ip")
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
                for name, value in HEADERS.items():
                    headers[name] = value
                COUNTERS.add("http_responses", str(message["status"]))
            await send(message)

        app = self.app if refusal is None else PlainTextResponse(refusal, status_code=status)
        await app(scope, receive, send_with_headers)


def _refusal(scope: Scope) -> str | None:
    if scope["path"].startswith(CLOSED):
        return "This address is closed.\n"
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"").decode("latin-1")
    name = host[1 : host.find("]")] if host.startswith("[") else host.partition(":")[0]
    is_foreign = name not in LOOPBACK or any(header in headers for header in FORWARDED)
    if is_foreign and settings_in_force().flag("demo"):
        return "The demo answers on this machine only, as localhost.\n"
    return None
