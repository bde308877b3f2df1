"""Routes that take JSON and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.api.answers import ApiError
from app.api.body import read_json


class JsonRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        """The body as plain values; ApiError 422 where it is no JSON that can be kept."""
        return read_json(await self.body())


class JsonRoute(APIRoute):
    """A route that takes JSON and nothing else; give it to ``APIRouter(route_class=JsonRoute)``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of FastAPI behind our reading of the body."""
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            if self.body_field is not None:
                _check_type(request)
            return await handle(JsonRequest(request.scope, request.receive))

        return checked


def _check_type(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise ApiError(
            415,
            f"The content type {kind!r} is not taken here."
            if kind
            else "No content type is given.",
            "",
            "Send JSON with the header Content-Type: application/json.",
        )
