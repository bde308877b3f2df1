"""What the screen answers where the API is not there."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette

from app.forward import ROUTES
from app.settings import settings_in_force
from app.state.database import Database


def test_without_an_api_the_screen_says_how_to_start_it(
    home: Database, client_of: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("TELLTALE_API_PORT", "1")
    settings_in_force.cache_clear()
    client = client_of(Starlette(routes=list(ROUTES)))
    answer = client.get("/api/v1/healthz")
    assert answer.status_code == 503
    assert "telltale run" in answer.json()["error"]["do"]
    assert client.post("/api/v1/feedback", json={"x": 1}).status_code == 503
