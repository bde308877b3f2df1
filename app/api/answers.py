"""What the API says when something is wrong: one JSON shape, never a trace.

``{"error": {"what", "why", "do", "field"}}``; ``field`` is the dotted name of the field at fault,
such as ``items.3.score``, or null.
"""

from __future__ import annotations

import logging
from typing import Any

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from analytics.errors import AccessDenied, NameUnknown, StateError, TelltaleError, UsageError

_log = logging.getLogger("telltale.api")
_PLAIN = {
    404: ("There is nothing at this address.", "See /api/v1/openapi.json for what there is."),
    405: ("This address does not take that method.", "See /api/v1/openapi.json for what it takes."),
}


class Problem(BaseModel):
    """What happened, why, what to do, and the field at fault."""

    what: str
    why: str
    do: str
    field: str | None


class ErrorAnswer(BaseModel):
    """The body of every answer that is not a success."""

    error: Problem


class ApiError(HTTPException):
    """A request that is refused: a status, three sentences, and the field at fault."""

    def __init__(
        self, status: int, what: str, why: str = "", do: str = "", field: str | None = None
    ) -> None:
        super().__init__(status, what)
        self.why, self.do, self.field = why, do, field

    def at(self, field: str | None) -> ApiError:
        """The same refusal, at a field."""
        return ApiError(self.status_code, self.detail, self.why, self.do, field)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for the OpenAPI document."""
    return {status: {"model": ErrorAnswer} for status in statuses}


def to_json(error: ApiError) -> dict[str, Any]:
    """The error as its JSON body."""
    said = {"what": error.detail, "why": error.why, "do": error.do, "field": error.field}
    return {"error": said}


def answer(error: ApiError) -> Response:
    """The error as an answer."""
    headers = {"Cache-Control": "no-store", **(error.headers or {})}
    if error.status_code == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(to_json(error), status_code=error.status_code, headers=headers)


def translate(error: TelltaleError, field: str | None = None) -> ApiError:
    """An error of the house as a refusal, with the same three sentences."""
    status = next((s for kind, s in _STATUSES if isinstance(error, kind)), 500)
    return ApiError(status, error.what, error.why, error.do, field)


_STATUSES: tuple[tuple[type[TelltaleError], int], ...] = (
    (AccessDenied, 403),
    (NameUnknown, 404),
    (UsageError, 422),
    (StateError, 503),
)


def invalid(errors: Any) -> ApiError:
    """The first field that pydantic refused, by name."""
    first = errors[0]
    places = [str(p) for p in first["loc"] if p not in ("body", "query", "path")]
    field = ".".join(places) or None
    message = str(first["msg"])
    named = f"The field {field!r}" if field else "The request"
    return ApiError(
        422,
        f"{named} cannot be used: {message[:1].lower()}{message[1:]}.",
        f"{len(errors)} fields are at fault." if len(errors) > 1 else "",
        "Mend it and send the request again; nothing of it was kept.",
        field,
    )


def on_api_error(_request: Request, error: Exception) -> Response:
    """Every refusal of ours, and those of the framework (404, 405)."""
    assert isinstance(error, HTTPException)
    if isinstance(error, ApiError):
        return answer(error)
    what, do = _PLAIN.get(error.status_code, (str(error.detail), ""))
    return answer(ApiError(error.status_code, what, "", do))


def on_invalid(_request: Request, error: Exception) -> Response:
    """A body or a parameter that does not fit."""
    from fastapi.exceptions import (
        RequestValidationError,  # the screen, which forwards, does without
    )

    assert isinstance(error, RequestValidationError)
    return answer(invalid(error.errors()))


def on_telltale_error(_request: Request, error: Exception) -> Response:
    """An error of the house."""
    assert isinstance(error, TelltaleError)
    return answer(translate(error))


def on_unknown(_request: Request, error: Exception) -> Response:
    """What nobody foresaw: into the log, and a sentence for the caller."""
    _log.error("a request failed", exc_info=error)
    what = "The request failed for a reason that Telltale does not know how to explain."
    do = "Send it again; if it stays, look into the output of the API process."
    return answer(ApiError(500, what, "Nothing of it was kept.", do))
