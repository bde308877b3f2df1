"""Bodies of requests: limited while they stream, JSON only, text that every database can keep."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.answers import ApiError, answer

STEP_S = 30.0  # a body that sends nothing for so long is given up
DRAIN = 4  # times the limit that are read and thrown away before the sender is cut off
DEPTH = 32
MOST_HELD = 64 << 20  # of all bodies that are being read


class BodyLimit:
    """Stops a body at so many bytes, whether its length was declared or it comes in chunks.

    All bodies that are read at one time share ``MOST_HELD`` bytes.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app, self.limit = app, limit
        self.n_held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        n_mine = 0

        async def held() -> Message:
            nonlocal n_mine
            message = await receive()
            n = len(message.get("body", b""))
            n_mine, self.n_held = n_mine + n, self.n_held + n
            if self.n_held > max(MOST_HELD, self.limit):
                raise _busy()
            return message

        try:
            await self.app(scope, limited(scope, held, self.limit), send)
        except ApiError as error:  # where the application has no handler of its own
            await answer(error)(scope, receive, send)
        finally:
            self.n_held -= n_mine


def limited(scope: Scope, receive: Receive, limit: int) -> Receive:
    """Receive, until the body is over the limit or too slow: then an ApiError."""
    declared = Headers(scope=scope).get("content-length", "")
    n_read, is_read = 0, False

    async def counted() -> Message:
        nonlocal n_read, is_read
        if is_read:
            return await receive()
        if declared.isdecimal() and int(declared) > limit:
            is_read = True
            await _drain(receive, limit)
            raise too_large(limit)
        try:
            async with asyncio.timeout(STEP_S):  # without a task of its own for every piece
                message = await receive()
        except TimeoutError as error:
            raise ApiError(408, "The body did not arrive in time.", "", "Send it again.") from error
        n_read += len(message.get("body", b""))
        is_read = not message.get("more_body", False)
        if n_read > limit:
            is_read = is_read or await _drain(receive, limit)
            raise too_large(limit)
        return message

    return counted


async def _drain(receive: Receive, limit: int) -> bool:
    """Read on for a while and keep nothing: most senders hear an answer only once they have sent."""
    left, end = DRAIN * limit, asyncio.get_running_loop().time() + STEP_S
    while left > 0:
        try:
            async with asyncio.timeout_at(end):
                message = await receive()
        except TimeoutError:
            break
        left -= len(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return True


def _busy() -> ApiError:
    """Too many bodies at once."""
    error = ApiError(
        429,
        "Telltale takes nothing more at the moment.",
        f"More than {MOST_HELD >> 20} MB of requests wait to be judged.",
        "Send the same items again after Retry-After seconds; ids make that safe.",
    )
    error.headers = {"Retry-After": "2"}
    return error


def too_large(limit: int) -> ApiError:
    """The body is over the limit."""
    return ApiError(
        413,
        f"The body is larger than {limit >> 20} MB.",
        "Bodies are limited so that they cannot fill the memory.",
        "Send fewer items in one request, or raise TELLTALE_API_LIMIT_MB.",
    )


def read_json(body: bytes) -> Any:
    """The value of a JSON body: no NaN, no endless nesting, no text that a database refuses."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ApiError(
            422,
            "The body is not JSON that can be read.",
            f"{type(error).__name__}: {str(error)[:200]}.",
            "Send UTF-8 JSON; numbers must be finite.",
        ) from error
    for field, text in _texts(value, (), DEPTH):
        if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
            raise ApiError(
                422,
                f"The field {field or 'body'!r} holds a character that is no text.",
                "A zero byte or half of a surrogate pair cannot be stored.",
                "Remove it and send the request again.",
                field or None,
            )
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _texts(value: Any, place: tuple[str, ...], depth: int) -> Iterator[tuple[str, str]]:
    """Every text in a value, keys too, with where it stands."""
    if isinstance(value, str):
        yield ".".join(place), value
    elif isinstance(value, list | dict):
        if depth == 0:
            raise ApiError(
                422,
                "The body is nested too deeply.",
                f"Objects and lists may stand in one another {DEPTH} times.",
                "Flatten it and send the request again.",
                ".".join(place[:3]) or None,
            )
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, found in entries:
            if isinstance(key, str):
                yield ".".join(place), key
            yield from _texts(found, (*place, str(key)), depth - 1)
