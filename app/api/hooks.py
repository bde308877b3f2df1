"""``POST /api/v1/hooks/{id}``: the status of a ticket comes back, signed with the hook's secret."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from app.api.access import database_of, settings_of
from app.api.answers import ApiError, documented
from app.api.body import read_json
from app.feedback.outward import take_status
from app.feedback.signing import HEADER, hook_secret, is_signed, is_signed_by_hub
from app.state.hooks import Hook, get_hook

router = APIRouter(prefix="/hooks", tags=["feedback"])
HUB_HEADERS = ("x-hub-signature-256", "x-hub-signature")


@router.post("/{hook_id}", responses=documented(401, 404, 413, 422))
async def post_hook(hook_id: int, request: Request) -> dict[str, Any]:
    """Believe a message only where the hook's own secret signed it."""
    body = await request.body()
    return await run_in_threadpool(_take, request, hook_id, body)


def _take(request: Request, hook_id: int, body: bytes) -> dict[str, Any]:
    hook = _find(request, hook_id)
    settings = settings_of(request)
    if hook is None or not _is_signed(request, hook_secret(settings.home, hook.id), body):
        raise ApiError(
            401,
            "The message is not signed by this webhook's secret.",
            "Anybody may call this address; only the signature is believed.",
            "Set the secret that was shown when the webhook was made.",
        )
    found = read_json(body)
    if not isinstance(found, dict):
        raise ApiError(422, "The body is no JSON object.", "", "")
    if "zen" in found and "issue" not in found:  # GitHub says hello
        return {"id": None, "status": None}
    item = take_status(database_of(request), hook, found)
    return {"id": item.id, "status": item.status}


def _find(request: Request, hook_id: int) -> Hook | None:
    from analytics.errors import NameUnknown

    if not 0 < hook_id < 2**31:
        return None
    try:
        with database_of(request).read() as connection:
            hook = get_hook(connection, hook_id)
    except NameUnknown:
        return None
    return hook if hook.removed_at is None else None


def _is_signed(request: Request, secret: str, body: bytes) -> bool:
    own = request.headers.get(HEADER)
    if own is not None:
        return is_signed(secret, body, own, time.time())
    hub = next((request.headers[h] for h in HUB_HEADERS if h in request.headers), "")
    return is_signed_by_hub(secret, body, hub)
