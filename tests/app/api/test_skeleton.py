"""What every route shares: one shape of errors, limits, keys, and nothing that leaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Body, FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st

from app.api.access import FeedbackKey, Rates
from app.api.answers import ApiError
from app.api.application import make_app
from app.api.body import limited, read_json
from app.api.json_route import JsonRoute
from app.settings import read_settings, settings_in_force
from app.state.database import Database
from app.state.keys import find_key, list_keys, revoke_key

SENTENCES = {"what", "why", "do", "field"}


@pytest.fixture
def probe(home: Database, client_of: Any) -> Any:
    """The application with two routes of the test's own: one echoes, one breaks."""
    made = make_app(settings_in_force(), home)
    router = APIRouter(route_class=JsonRoute)

    @router.post("/echo")
    def echo(key: FeedbackKey, body: Annotated[Any, Body()]) -> Any:
        return {"model": key.model, "body": body}

    @router.get("/broken")
    def broken(request: Request) -> None:
        raise RuntimeError("the secret password is 1234")

    made.include_router(router)
    return client_of(made)


def test_health_needs_no_key(client: Any) -> None:
    answer = client.get("/api/v1/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_document_loads_nothing_from_elsewhere(client: Any) -> None:
    document = client.get("/api/v1/openapi.json")
    assert document.status_code == 200
    assert "/api/v1/healthz" in document.json()["paths"]
    assert client.get("/docs").status_code == 404
    assert client.get("/redoc").status_code == 404


def test_errors_of_the_framework_have_our_shape(client: Any) -> None:
    for method, path, status in (("GET", "/nothing", 404), ("DELETE", "/api/v1/healthz", 405)):
        answer = client.request(method, path)
        assert answer.status_code == status
        assert set(answer.json()["error"]) == SENTENCES


def test_a_broken_route_tells_nothing_of_its_inside(probe: Any) -> None:
    answer = probe.get("/broken")
    assert answer.status_code == 500
    assert "1234" not in answer.text and "Traceback" not in answer.text
    assert set(answer.json()["error"]) == SENTENCES


def test_no_key_wrong_key_wrong_kind_revoked_key(probe: Any, home: Database, make_key: Any) -> None:
    assert probe.post("/echo", json={}).status_code == 401
    for text in ("Bearer", "Bearer nonsense", "Basic abc", "Bearer "):
        answer = probe.post("/echo", json={}, headers={"Authorization": text})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    refused = probe.post("/echo", json={}, headers=make_key("events"))
    assert refused.status_code == 403
    assert "telltale key add" in refused.json()["error"]["do"]
    good = make_key()
    assert probe.post("/echo", json=[1], headers=good).json() == {"model": "flights", "body": [1]}
    with home.write("test") as write:
        assert revoke_key(write, list_keys(home)[0].id)
    assert probe.post("/echo", json={}, headers=good).status_code == 401


def test_the_database_keeps_no_secret(home: Database, make_key: Any) -> None:
    secret = make_key()["Authorization"].removeprefix("Bearer ")
    raw = b"".join(p.read_bytes() for p in settings_in_force().home.glob("telltale.db*"))
    assert secret.encode() not in raw
    with home.read() as connection:
        assert find_key(connection, secret) is not None


def test_the_last_use_is_noted(probe: Any, home: Database, make_key: Any) -> None:
    probe.post("/echo", json={}, headers=make_key())
    assert list_keys(home)[0].last_used_at is not None


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_only_json_is_taken(probe: Any, make_key: Any, kind: str) -> None:
    headers = make_key() | {"Content-Type": kind}
    assert probe.post("/echo", content=b"{}", headers=headers).status_code == 415


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"", b"\xff\xfe", b'{"a": NaN}', b'{"a": 1e999}x', b'"\\ud800"', b'{"a": "\\u0000"}',
        b"[" * 100_000, b"[" * 50 + b"]" * 50, b"9" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_json_is_422_and_never_500(probe: Any, make_key: Any, body: bytes) -> None:
    headers = make_key() | {"Content-Type": "application/json"}
    answer = probe.post("/echo", content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert set(answer.json()["error"]) == SENTENCES


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_refusal(body: bytes) -> None:
    try:
        read_json(body)
    except ApiError as error:
        assert error.status_code == 422


def test_a_field_at_fault_is_named() -> None:
    with pytest.raises(ApiError) as refused:
        read_json(b'{"items": [{"comment": "a\\u0000b"}]}')
    assert refused.value.field == "items.0.comment"


def test_a_large_body_is_stopped_declared_or_in_chunks(home: Database, client_of: Any) -> None:
    settings = read_settings({}, home=settings_in_force().text("home"), api_limit_mb=1)
    made: FastAPI = make_app(settings, home)
    router = APIRouter(route_class=JsonRoute)

    @router.post("/echo")
    def echo(body: Annotated[Any, Body()]) -> Any:
        return body

    made.include_router(router)
    headers = {"Content-Type": "application/json"}
    client = client_of(made)
    large = b'"' + b"x" * (1 << 20) + b'"'
    assert client.post("/echo", content=large, headers=headers).status_code == 413

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(large), 9999):
            yield large[at : at + 9999]

    answer = client.post("/echo", content=chunks(), headers=headers)
    assert answer.status_code == 413
    assert set(answer.json()["error"]) == SENTENCES
    assert client.post("/echo", content=large[2:], headers=headers).status_code == 422


def test_a_body_without_end_is_cut_off() -> None:
    asked = 0

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"x" * 10, "more_body": True}

    async def read() -> None:
        counted = limited({"type": "http", "headers": []}, receive, 25)
        while True:
            await counted()

    with pytest.raises(ApiError):
        asyncio.run(read())
    assert asked == 3 + 10  # what is over the limit, and four times the limit thrown away


def test_a_key_has_a_rate() -> None:
    now = 0.0
    rates = Rates(10, lambda: now)
    assert [rates.take(1) for _ in range(20)] == [0.0] * 20
    assert rates.take(1) == pytest.approx(0.1)
    assert rates.take(2) == 0.0
    now = 0.1
    assert rates.take(1) == 0.0
    assert rates.take(1) > 0


def test_too_fast_is_429_and_says_when(home: Database, make_key: Any, client_of: Any) -> None:
    settings = read_settings({}, home=settings_in_force().text("home"), api_rate=1)
    made = make_app(settings, home)
    router = APIRouter(route_class=JsonRoute)

    @router.get("/who")
    def who(key: FeedbackKey) -> str:
        return key.name

    made.include_router(router)
    headers = make_key()
    answers = [client_of(made).get("/who", headers=headers) for _ in range(10)]
    assert answers[0].status_code == 200
    late = next(a for a in answers if a.status_code == 429)
    assert int(late.headers["retry-after"]) >= 1
    assert "TELLTALE_API_RATE" in late.json()["error"]["do"]


def test_the_demo_answers_to_its_own_name_only(
    home: Database, client_of: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("TELLTALE_DEMO", "1")
    settings_in_force.cache_clear()
    made = make_app(settings_in_force(), home)
    assert client_of(made, "http://evil.example").get("/api/v1/healthz").status_code == 403
    assert client_of(made, "http://localhost").get("/api/v1/healthz").status_code == 200


def test_browsers_of_named_sites_may_call_and_no_other(home: Database, client_of: Any) -> None:
    settings = read_settings(
        {}, home=settings_in_force().text("home"), api_origins="https://shop.example"
    )
    asked = {"Access-Control-Request-Method": "POST"}
    for site, origin in (
        (settings, "https://evil.example"),
        (settings_in_force(), "https://shop.example"),
    ):
        client = client_of(make_app(site, home))
        answer = client.request("OPTIONS", "/api/v1/feedback", headers=asked | {"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers
    answer = client_of(make_app(settings, home)).request(
        "OPTIONS", "/api/v1/feedback", headers=asked | {"Origin": "https://shop.example"}
    )
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-credentials" not in answer.headers
