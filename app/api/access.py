"""Who may call: an API key of that model and kind of log, no faster than its rate."""

from __future__ import annotations

import base64
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Annotated

from anyio import to_thread
from fastapi import Depends, Request

from app.api.answers import ApiError
from app.settings import Settings
from app.state.database import Database
from app.state.keys import ApiKey, KeyKind, find_key, is_due, touch_key

Given = Callable[[Request], Awaitable[ApiKey]]


class Rates:
    """How fast each key has been calling: a bucket that holds two seconds' worth of requests."""

    def __init__(self, a_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_second, self._clock = a_second, clock
        self._lock = threading.Lock()
        self._buckets: dict[int, tuple[float, float]] = {}  # key: (left, as of)

    def take(self, key_id: int) -> float:
        """Take one request out of the bucket; 0, or the seconds to wait."""
        now, most = self._clock(), 2.0 * self._a_second
        with self._lock:
            left, as_of = self._buckets.get(key_id, (most, now))
            left = min(most, left + (now - as_of) * self._a_second)
            if left < 1.0:
                self._buckets[key_id] = (left, now)
                return (1.0 - left) / self._a_second
            self._buckets[key_id] = (left - 1.0, now)
        return 0.0


class Keys:
    """Keys that were found, for as long as nothing in the state database changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mark: int | None = None
        self._found: dict[str, ApiKey] = {}

    def known(self, secret: str) -> ApiKey | None:
        """The key of a secret that was looked up since the last change; None else."""
        mark = self._database.mark()
        if mark is None or mark != self._mark:
            self._mark, self._found = mark, {}
        return self._found.get(secret)

    def look_up(self, secret: str) -> ApiKey | None:
        """The key of a secret from the database; None where there is none."""
        found, mark = self._found, self._mark  # a change meanwhile puts another in its place
        with self._database.read() as connection:
            key = find_key(connection, secret)
        if key is not None and mark is not None:
            found[secret] = key
        return key


def database_of(request: Request) -> Database:
    """The state database of the process that answers."""
    database: Database = request.app.state.database
    return database


def settings_of(request: Request) -> Settings:
    """The settings of the process that answers."""
    settings: Settings = request.app.state.settings
    return settings


def bearer(request: Request) -> str:
    """The secret of the Authorization header; ApiError 401 without one."""
    scheme, _space, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise ApiError(
            401,
            "No API key came with the request.",
            "Every request but /healthz and /openapi.json names its key.",
            "Send the header Authorization: Bearer KEY; an admin makes keys"
            " (Admin page, API keys, or `telltale key add`).",
        )
    return secret.strip()


def check_rate(request: Request, key_id: int) -> None:
    """ApiError 429 where the key calls faster than it may."""
    rates: Rates = request.app.state.rates
    wait_s = rates.take(key_id)
    if wait_s > 0:
        error = ApiError(
            429,
            "This key calls faster than it may.",
            f"A key may send {settings_of(request).number('api_rate')} requests a second.",
            "Wait as long as Retry-After says, send items in batches, or raise TELLTALE_API_RATE.",
        )
        error.headers = {"Retry-After": str(max(1, round(wait_s)))}
        raise error


def key_for(kind: KeyKind) -> Given:
    """The dependency of a route: the key of the request, which must be one of that kind."""

    async def given_key(request: Request) -> ApiKey:
        return await _checked(request, kind, bearer(request))

    return given_key


def logger_key_for(kind: KeyKind) -> Given:
    """The same for loggers that only know an address: also ``?key=`` or a password in the URL."""

    async def given_key(request: Request) -> ApiKey:
        scheme, _space, given = request.headers.get("authorization", "").partition(" ")
        secret = request.query_params.get("key", "")
        if scheme.lower() == "basic":
            with contextlib.suppress(ValueError):
                text = base64.b64decode(given.strip(), validate=True).decode("utf-8", "replace")
                secret = text.partition(":")[2]
        return await _checked(request, kind, secret or bearer(request))

    return given_key


async def _checked(request: Request, kind: KeyKind, secret: str) -> ApiKey:
    keys: Keys = request.app.state.keys
    key = keys.known(secret) or await to_thread.run_sync(keys.look_up, secret)
    if key is None:
        raise ApiError(
            401,
            "The API key is not known, or it was revoked.",
            "",
            "Ask whoever runs Telltale for a key (Admin page, API keys).",
        )
    if key.kind != kind:
        raise ApiError(
            403,
            f"This key sends {key.kind}, not {kind}.",
            "A key is for one model and one kind of log.",
            f"Make one with `telltale key add --model {key.model} --kind {kind}`.",
        )
    check_rate(request, key.id)
    if is_due(key, database_of(request)):
        await to_thread.run_sync(touch_key, database_of(request), key)
    return key


FeedbackKey = Annotated[ApiKey, Depends(key_for("feedback"))]
EventsKey = Annotated[ApiKey, Depends(key_for("events"))]
