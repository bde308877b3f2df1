"""The API over a fresh home, asked in process, and keys to ask with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from analytics.core import Schema
from app.api.application import make_app
from app.settings import settings_in_force
from app.state.database import Database
from app.state.keys import add_key
from app.state.models import save_schema


class Client:
    """Asks an application in this process; an error of its inside is an answer, as for anybody."""

    def __init__(self, app: FastAPI, base_url: str = "http://127.0.0.1") -> None:
        self.app, self.base_url = app, base_url

    def request(self, method: str, path: str, **values: Any) -> httpx.Response:
        return asyncio.run(self._ask(method, path, values))

    def get(self, path: str, **values: Any) -> httpx.Response:
        return self.request("GET", path, **values)

    def post(self, path: str, **values: Any) -> httpx.Response:
        return self.request("POST", path, **values)

    async def _ask(self, method: str, path: str, values: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=self.base_url) as client:
            return await client.request(method, path, **values)


@pytest.fixture
def model(home: Database) -> str:
    """A model without a log."""
    with home.write("test") as write:
        save_schema(write, "flights", Schema("binary", (), ("0", "1"), "1"), {})
    return "flights"


@pytest.fixture
def make_key(home: Database, model: str) -> Callable[..., dict[str, str]]:
    """Make a key; the header that names it."""

    def make(kind: str = "feedback", of: str = model, *, may_read: bool = False) -> dict[str, str]:
        with home.write("test") as write:
            _key, secret = add_key(write, of, kind, "website", may_read=may_read)
        return {"Authorization": f"Bearer {secret}"}

    return make


@pytest.fixture
def client_of() -> type[Client]:
    """Asks any application: tests cannot import a conftest."""
    return Client


@pytest.fixture
def client(home: Database) -> Client:
    """Asks the whole API."""
    return Client(make_app(settings_in_force(), home))
