"""The few lines that save a chart as a picture; a file, so that no inline script is allowed."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

SCRIPT = Path(__file__).parent / "charts" / "picture.js"


async def get_script(_request: Request) -> Response:
    """The script."""
    return FileResponse(SCRIPT, media_type="text/javascript")


ROUTES = (Route("/charts/picture.js", get_script, methods=["GET"]),)
