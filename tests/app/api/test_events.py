"""POST /api/v1/events: PostHog's and Segment's shapes, kept once they are answered, never a 500."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.core import Question, Scope
from analytics.evaluate.behaviour import behaviour
from analytics.query.engine import Engine
from app.ingest.outbox import flush
from app.ingest.pseudonyms import hash_user, user_key
from app.ingest.words import Place
from app.state.database import Database
from app.state.logs import home_of, load_dataset
from app.state.outbox import count_waiting

URL = "/api/v1/events"
CAPTURE = {
    "event": "prediction_accepted",
    "distinct_id": "ann",
    "timestamp": "2026-03-01T12:00:00+01:00",
    "uuid": "e1",
    "properties": {"prediction_id": 7, "confidence": 0.8, "$ip": "192.0.2.1", "gate": "B7"},
}
TRACK = {
    "type": "track",
    "event": "Prediction Shown",
    "userId": "ann",
    "messageId": "m1",
    "timestamp": "2026-03-01T10:59:00Z",
    "properties": {"prediction_id": "7"},
}


@pytest.fixture
def key(make_key: Any) -> dict[str, str]:
    headers: dict[str, str] = make_key("events")
    return headers


def log_of(home: Database) -> list[dict[str, Any]]:
    """Flush, and what stands in the log."""
    place = Place(home_of(home), home, "test")
    flush(place)
    log = load_dataset(home, "flights").log("events")
    engine = Engine([place.home])
    rows: list[dict[str, Any]] = []
    for part in log.parts:
        names = [r[0] for r in engine.rows(f"DESCRIBE FROM '{part.path}'")]
        found = engine.rows(f"FROM '{part.path}'")
        rows += [dict(zip(names, row, strict=True)) for row in found]
    return sorted(rows, key=lambda row: str(row["uuid"]))


def test_what_is_answered_stands_in_the_log(client: Any, home: Database, key: Any) -> None:
    answer = client.post(URL, json=CAPTURE, headers=key)
    assert (answer.status_code, answer.json()) == (201, {"uuid": "e1"})
    assert count_waiting(home) == 1
    (row,) = log_of(home)
    assert row["prediction_id"] == "7" and row["confidence"] == 0.8
    assert row["timestamp"].isoformat() == "2026-03-01T11:00:00"
    assert row["user_id"] == hash_user(user_key(home_of(home)), "ann")
    assert json.loads(row["properties"]) == {"gate": "B7"} and "192.0.2.1" not in str(row)


def test_a_batch_keeps_what_is_good_and_names_what_is_not(
    client: Any, home: Database, key: Any
) -> None:
    bad = {**CAPTURE, "uuid": "e2", "properties": {"confidence": "very"}}
    answer = client.post(f"{URL}/batch", json={"batch": [CAPTURE, bad, TRACK, 5]}, headers=key)
    results = answer.json()["results"]
    assert [r["status"] for r in results] == [201, 422, 201, 422]
    assert results[1]["error"]["field"] == "batch.1.confidence"
    assert results[3]["error"]["field"] == "batch.3"
    assert [row["event"] for row in log_of(home)] == ["prediction_accepted", "prediction_shown"]


def test_the_same_uuid_counts_once_however_often_it_comes(
    client: Any, home: Database, key: Any
) -> None:
    for _ in range(3):
        assert client.post(URL, json=CAPTURE, headers=key).status_code == 201
        log_of(home)
    engine = Engine([home_of(home)])
    found = behaviour(engine, load_dataset(home, "flights"), Question(Scope()), home.clock())
    people = next(r for r in found if r.name == "active_users")
    assert (people.value, people.n) == (1.0, 1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"event": ""}, "event"),
        ({"event": None}, "event"),
        ({"distinct_id": None}, "user_id"),
        ({"timestamp": "soon"}, "timestamp"),
        ({"timestamp": "2199-01-01"}, "timestamp"),
        ({"properties": [1]}, "properties"),
        ({"properties": {"latency_ms": {}}}, "latency_ms"),
        ({"properties": {"text": "x" * 30_000}}, "properties"),
    ],
)
def test_a_field_that_cannot_be_kept_is_named(
    client: Any, home: Database, key: Any, change: dict[str, Any], field: str
) -> None:
    answer = client.post(URL, json=CAPTURE | change, headers=key)
    assert answer.status_code == 422 and answer.json()["error"]["field"] == field
    assert count_waiting(home) == 0


def test_only_a_key_of_that_kind_may_send(client: Any, make_key: Any) -> None:
    assert client.post(URL, json=CAPTURE).status_code == 401
    assert client.post(URL, json=CAPTURE, headers=make_key("feedback")).status_code == 403


def test_without_a_time_it_is_now(client: Any, home: Database, key: Any) -> None:
    body = {k: v for k, v in CAPTURE.items() if k != "timestamp"}
    assert client.post(URL, json=body, headers=key).status_code == 201
    (row,) = log_of(home)
    assert abs(home.clock() - row["timestamp"]) < timedelta(minutes=5)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
names = st.sampled_from([*CAPTURE, "userId", "messageId", "context", "event_id", "$session_id"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(names, values, max_size=6), st.booleans())
def test_whatever_is_sent_is_kept_or_refused_in_words(
    client: Any, home: Database, key: Any, change: dict[str, Any], is_batch: bool
) -> None:
    client.app.state.rates._buckets.clear()
    body: Any = CAPTURE | change
    url = f"{URL}/batch" if is_batch else URL
    answer = client.post(url, json={"batch": [body]} if is_batch else body, headers=key)
    assert answer.status_code in (200, 201, 422)
    if answer.status_code == 422:
        assert answer.json()["error"]["what"]
