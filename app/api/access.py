"""Who may call: an API key of that model and kind of log, no faster than its rate."""

from __future__ import annotations

import base64
import contextlib
import threading
import time
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from app.api.answers import ApiError
from app.settings import Settings
from app.state.database import Database
from app.state.keys import ApiKey, KeyKind, find_key, touch_key


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


def key_for(kind: KeyKind) -> Callable[[Request], ApiKey]:
    """The dependency of a route: the key of the request, which must be one of that kind."""

    def given_key(request: Request) -> ApiKey:
        return _checked(request, kind, bearer(request))

    return given_key


def logger_key_for(kind: KeyKind) -> Callable[[Request], ApiKey]:
    """The same for loggers that only know an address: also ``?key=`` or a password in the URL."""

    def given_key(request: Request) -> ApiKey:
        scheme, _space, given = request.headers.get("authorization", "").partition(" ")
        secret = request.query_params.get("key", "")
        if scheme.lower() == "basic":
            with contextlib.suppress(ValueError):
                text = base64.b64decode(given.strip(), validate=True).decode("utf-8", "replace")
                secret = text.partition(":")[2]
        return _checked(request, kind, secret or bearer(request))

    return given_key


def _checked(request: Request, kind: KeyKind, secret: str) -> ApiKey:
    database = database_of(request)
    with database.read() as connection:
        key = find_key(connection, secret)
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
    touch_key(database, key)
    return key


FeedbackKey = Annotated[ApiKey, Depends(key_for("feedback"))]
EventsKey = Annotated[ApiKey, Depends(key_for("events"))]
