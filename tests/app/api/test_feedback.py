"""POST /api/v1/feedback and its sisters: kept once, refused in words, never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.api.application import make_app
from app.settings import read_settings, settings_in_force
from app.state.database import Database
from app.state.feedback import feedback_table
from app.state.inbox import Filter, list_items
from app.state.keys import list_keys, revoke_key
from app.state.outbox import count_waiting

URL = "/api/v1/feedback"
BODY = {
    "prediction_id": "F1",
    "key": "thumbs",
    "score": 0,
    "value": "down",
    "correction": "1",
    "comment": "It was <b>late</b>",
    "user_id": "ann",
    "session_id": "s1",
    "identifier": "mine-1",
    "metadata": {"screen": "booking"},
    "created_at": "2026-03-01T12:00:00+01:00",
}


@pytest.fixture
def key(make_key: Any) -> dict[str, str]:
    headers: dict[str, str] = make_key()
    return headers


def items(home: Database) -> list[Any]:
    return list_items(home, Filter("flights"))


def test_an_item_is_kept_before_it_is_answered(client: Any, home: Database, key: Any) -> None:
    answer = client.post(URL, json=BODY, headers=key)
    assert answer.status_code == 201
    (item,) = items(home)
    assert answer.json()["id"] == item.id
    assert answer.json()["url"].endswith(f"/feedback?m=flights&item={item.id}")
    assert (item.prediction_id, item.score, item.correction) == ("F1", 0.0, "1")
    assert item.created_at.isoformat() == "2026-03-01T11:00:00"
    assert (item.status, item.source, item.link, item.is_negative) == (
        "new",
        "api",
        "waiting",
        True,
    )
    assert item.comment == "It was <b>late</b>"
    assert count_waiting(home, "flights") == 1


def test_users_are_kept_as_a_keyed_hash_unless_told_otherwise(
    client: Any, home: Database, key: Any, client_of: Any
) -> None:
    client.post(URL, json=BODY, headers=key)
    assert items(home)[0].user_id not in (None, "ann")
    plain = read_settings({}, home=settings_in_force().text("home"), hash_user_ids=False)
    client_of(make_app(plain, home)).post(URL, json=BODY | {"identifier": "2"}, headers=key)
    assert items(home)[0].user_id == "ann"


def test_the_same_identifier_changes_the_item(client: Any, home: Database, key: Any) -> None:
    first = client.post(URL, json=BODY, headers=key)
    again = client.post(URL, json=BODY, headers=key)
    assert (again.status_code, again.json()) == (200, first.json())
    assert count_waiting(home) == 1  # nothing new was said
    other = client.post(URL, json=BODY | {"score": 1, "comment": "Fine now"}, headers=key)
    assert (other.status_code, other.json()["id"]) == (200, first.json()["id"])
    (item,) = items(home)
    assert (item.score, item.comment, item.is_negative) == (1.0, "Fine now", False)
    assert count_waiting(home) == 2
    refused = client.post(URL, json=BODY | {"prediction_id": "F2"}, headers=key)
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "prediction_id")


def test_the_same_post_twice_is_one_row_without_an_identifier_too(
    client: Any, home: Database, key: Any
) -> None:
    body = {"prediction_id": "F1", "key": "thumbs", "score": 1}
    statuses = [client.post(URL, json=body, headers=key).status_code for _ in range(3)]
    assert statuses == [201, 200, 200]
    assert client.post(URL, json=body | {"session_id": "x"}, headers=key).status_code == 201
    assert len(items(home)) == 2


def test_numbers_are_ids_too(client: Any, home: Database, key: Any) -> None:
    big = 2**63 + 5
    assert client.post(URL, json=BODY | {"prediction_id": big}, headers=key).status_code == 201
    assert items(home)[0].prediction_id == "9223372036854775813"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"prediction_id": None}, "prediction_id"),
        ({"prediction_id": ""}, "prediction_id"),
        ({"prediction_id": "  "}, "prediction_id"),
        ({"prediction_id": True}, "prediction_id"),
        ({"prediction_id": "x" * 301}, "prediction_id"),
        ({"key": ""}, "key"),
        ({"key": " "}, "key"),
        ({"score": 5}, "score"),
        ({"score": "bad"}, "score"),
        ({"comment": "x" * 10_001}, "comment"),
        ({"comment": ["x"]}, "comment"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"x": "y" * 20_001}}, "metadata"),
        ({"correction": "y" * 20_001}, "correction"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "created_at"),
        ({"created_at": 1e300}, "created_at"),
        ({"identifier": ""}, "identifier"),
        ({"run_id": "x"}, "run_id"),
        ({"comment": "a\x00b"}, "comment"),
        ({"comment": "\ud800"}, "comment"),
    ],
)
def test_a_field_that_cannot_be_kept_is_named(
    client: Any, home: Database, key: Any, change: dict[str, Any], field: str
) -> None:
    content = json.dumps(BODY | change).encode()
    headers = key | {"Content-Type": "application/json"}
    answer = client.post(URL, content=content, headers=headers)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field), answer.text
    assert items(home) == []
    assert count_waiting(home) == 0


def test_nothing_said_is_nothing_kept(client: Any, home: Database, key: Any) -> None:
    answer = client.post(URL, json={"prediction_id": "F1", "key": "thumbs"}, headers=key)
    assert answer.status_code == 422
    assert items(home) == []


def test_a_batch_keeps_what_it_can_and_says_what_it_cannot(
    client: Any, home: Database, key: Any
) -> None:
    batch = [
        BODY,
        BODY,
        BODY | {"identifier": "b", "score": 7},
        "no item",
        BODY | {"identifier": "c"},
        BODY | {"prediction_id": "F9"},
        {"prediction_id": "F1", "key": "k"},
    ]
    answer = client.post(f"{URL}/batch", json={"items": batch}, headers=key)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [r["status"] for r in results] == [201, 200, 422, 422, 201, 422, 422]
    fields = [r["error"]["field"] for r in results if "error" in r]
    assert fields == ["items.2.score", "items.3", "items.5.prediction_id", "items.6.score"]
    assert len(items(home)) == 2
    assert results[0]["id"] == results[1]["id"]


def test_a_batch_has_an_end(client: Any, home: Database, key: Any) -> None:
    many = [BODY | {"identifier": str(i)} for i in range(1001)]
    refused = client.post(f"{URL}/batch", json={"items": many}, headers=key)
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "items")
    taken = client.post(f"{URL}/batch", json={"items": many[:1000]}, headers=key)
    assert {r["status"] for r in taken.json()["results"]} == {201}
    assert client.post(f"{URL}/batch", json={"items": []}, headers=key).json() == {"results": []}


def test_a_token_judges_its_prediction_and_nothing_else(
    client: Any, home: Database, key: Any
) -> None:
    asked = {"prediction_id": "F1", "key": "thumbs", "expires_in_s": 60}
    made = client.post(f"{URL}/tokens", json=asked, headers=key)
    assert made.status_code == 201
    bearer = {"Authorization": f"Bearer {made.json()['token']}"}
    assert client.post(URL, json=BODY, headers=bearer).status_code == 201
    assert client.post(URL, json=BODY | {"prediction_id": "F2"}, headers=bearer).status_code == 403
    assert client.post(URL, json=BODY | {"key": "other"}, headers=bearer).status_code == 403
    for path, body in (("/batch", {"items": []}), ("/tokens", asked)):
        assert client.post(URL + path, json=body, headers=bearer).status_code == 401
    assert client.get(URL, headers=bearer).status_code == 401
    with home.write("test") as write:
        revoke_key(write, list_keys(home)[0].id)
    assert client.post(URL, json=BODY, headers=bearer).status_code == 401


def test_a_token_ends_by_itself(client: Any, home: Database, key: Any, monkeypatch: Any) -> None:
    made = client.post(
        f"{URL}/tokens", json={"prediction_id": "F1", "key": "k", "expires_in_s": 1}, headers=key
    ).json()
    later = home.clock() + __import__("datetime").timedelta(seconds=2)
    monkeypatch.setattr(home, "clock", lambda: later)
    bearer = {"Authorization": f"Bearer {made['token']}"}
    assert client.post(URL, json=BODY, headers=bearer).status_code == 401


def test_reading_back_needs_a_key_that_reads(client: Any, key: Any, make_key: Any) -> None:
    many = [BODY | {"identifier": str(i)} for i in range(5)]
    client.post(f"{URL}/batch", json={"items": many}, headers=key)
    assert client.get(URL, headers=key).status_code == 403
    reader = make_key(may_read=True)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        page = client.get(URL, params={"limit": 2, **more}, headers=reader).json()
        seen += [item["identifier"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["0", "1", "2", "3", "4"]
    for wrong in ("x", "-1", "9" * 25, "1\x00"):
        answer = client.get(URL, params={"cursor": wrong}, headers=reader)
        assert answer.status_code == 422
    none = client.get(URL, params={"prediction_id": "nothing"}, headers=reader).json()
    assert none == {"items": [], "next_cursor": None}
    assert client.get(URL, params={"prediction_id": "a\x00"}, headers=reader).status_code == 422


def test_one_model_never_reads_another(
    client: Any, home: Database, key: Any, make_key: Any
) -> None:
    from analytics.core import Schema
    from app.state.models import save_schema

    client.post(URL, json=BODY, headers=key)
    with home.write("test") as write:
        save_schema(write, "digits", Schema("multiclass", (), ("0", "1")), {})
    other = make_key(of="digits", may_read=True)
    assert client.get(URL, headers=other).json()["items"] == []
    assert client.post(URL, json=BODY, headers=other).status_code == 201  # its own identifiers


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(sorted(BODY)), anything, min_size=1, max_size=4), st.data())
def test_a_mutated_body_is_kept_or_refused_and_never_breaks(
    client: Any, home: Database, key: Any, change: dict[str, Any], data: st.DataObject
) -> None:
    body = {**BODY, **change}
    for name in data.draw(st.sets(st.sampled_from(sorted(BODY)), max_size=3)):
        body.pop(name, None)
    headers = key | {"Content-Type": "application/json"}
    content = json.dumps(body).encode()
    with home.read() as connection:
        n = connection.execute(sa.select(sa.func.count()).select_from(feedback_table)).scalar_one()
    answer = client.post(URL, content=content, headers=headers)
    assert answer.status_code in (200, 201, 422, 429), answer.text
    with home.read() as connection:
        now = connection.execute(
            sa.select(sa.func.count()).select_from(feedback_table)
        ).scalar_one()
    assert now - n == (answer.status_code == 201)
