"""The two HTTP routes of signing in and out: a ticket becomes a cookie, a cookie becomes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from app.auth.current import state
from app.auth.viewer import Viewer, load_viewer
from app.state.sessions import find_session, open_session, redeem_ticket, revoke_session

MARK = Path(__file__).resolve().parents[1] / "widgets" / "mark.svg"
SCRIPT = """(() => {
  const mark = document.querySelector("[data-telltale-post]");
  if (!mark) return;
  const {telltalePost: path, ticket} = mark.dataset;
  mark.remove();
  fetch(path, {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify({ticket}),
  }).finally(() => location.reload());
})();
"""


def session_viewer(request: HTTPConnection) -> Viewer | None:
    """The viewer whose session cookie came with the request; for use in a thread."""
    database, settings = state()
    found = load_viewer(database, settings, request.cookies.get(settings.cookie_name))
    return None if found is None else found[0]


async def post_session(request: Request) -> Response:
    """Exchange a one-time ticket for the session cookie."""
    if not is_own_origin(request):
        return _problem(403, "The request came from another site.")
    ticket = await _ticket(request)
    address = request.client.host if request.client else ""
    agent = request.headers.get("user-agent", "")
    token = await run_in_threadpool(_open, ticket, address, agent)
    if token is None:
        return _problem(401, "The ticket was used already, or is older than 30 seconds.")
    _database, settings = state()
    response = JSONResponse({"signed_in": True}, headers={"Cache-Control": "no-store"})
    response.set_cookie(
        settings.cookie_name,
        token,
        max_age=settings.number("session_absolute_s"),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


async def post_logout(request: Request) -> Response:
    """End the session of the cookie, on the server too."""
    if not is_own_origin(request):
        return _problem(403, "The request came from another site.")
    _database, settings = state()
    token = request.cookies.get(settings.cookie_name)
    if token:
        await run_in_threadpool(_close, token)
    response = JSONResponse({"signed_in": False}, headers={"Cache-Control": "no-store"})
    response.delete_cookie(settings.cookie_name, httponly=True, samesite="strict")
    return response


async def get_script(_request: Request) -> Response:
    """The few lines that post from the browser; a file, so that no inline script is allowed."""
    return Response(SCRIPT, media_type="text/javascript")


def is_own_origin(request: Request) -> bool:
    """Whether a browser says that the request comes from our own pages (or no browser sent it)."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    own = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    return own and site == "same-origin"


def _open(ticket: str, address: str, agent: str) -> str | None:
    database, settings = state()
    with database.write("sign-in") as write:
        user = redeem_ticket(write, ticket)
        if user is None or (user.is_demo and not settings.flag("demo")):
            return None
        write.actor = user.name
        absolute_s = settings.number("session_absolute_s")
        return open_session(write, user, absolute_s, ip=address, user_agent=agent)


def _close(token: str) -> None:
    database, settings = state()
    with database.write("sign-out") as write:
        idle_s = settings.number("session_idle_s")
        found = find_session(write.connection, token, database.clock(), idle_s)
        if found is not None:
            session, user = found
            write.actor = user.name
            revoke_session(write, user, session.id)


async def _ticket(request: Request) -> str:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > 4096:
            return ""
    try:
        found: Any = json.loads(body)["ticket"]
    except (ValueError, KeyError, TypeError):
        return ""
    return found if isinstance(found, str) else ""


def _problem(status: int, what: str) -> Response:
    return JSONResponse({"error": {"what": what}}, status_code=status)


async def get_mark(_request: Request) -> Response:
    """The product's mark; browsers read its type from the header, whatever the address says."""
    return FileResponse(MARK, media_type="image/svg+xml")


ROUTES = (
    Route("/auth/mark.svg", get_mark, methods=["GET"]),
    Route("/favicon.png", get_mark, methods=["GET"]),
    Route("/auth/session", post_session, methods=["POST"]),
    Route("/auth/logout", post_logout, methods=["POST"]),
    Route("/auth/exchange.js", get_script, methods=["GET"]),
)
