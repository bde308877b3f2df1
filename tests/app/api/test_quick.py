"""Items read by shape say the same as items judged one by one."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api import quick
from app.api.answers import ApiError
from app.api.records import read_item

NOW = datetime(2026, 3, 2, 12)
FULL: dict[str, dict[str, Any]] = {
    "predictions": {
        "prediction_id": "p",
        "timestamp": "2026-03-01T12:00:00+01:00",
        "model_version": 7,
        "prediction": 1,
        "score": 0.5,
        "scores": {"a": 0.25},
        "latency_ms": 3,
        "status": "ok",
        "error_type": "E",
        "error_message": "m",
        "user_id": "u",
        "session_id": 5,
        "features": {"x": 1, "y": 2.5, "z": "JFK", "on": True, "none": None, "e": [1, 0.5]},
    },
    "labels": {"prediction_id": 2**70, "label": True, "known_at": "2026-03-01T12:00:00Z"},
    "errors": {
        "prediction_id": "p",
        "error_type": "E",
        "stack_trace": "s",
        "status": 500,
        "latency_ms": 0,
    },
    "resources": {"id": "r", "values": {"cpu": 0.5}, "timestamp": "2026-03-01T12:00:00Z"},
}
scalar = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)
)
times = st.datetimes(datetime(1960, 1, 1), datetime(2210, 1, 1)).map(lambda d: d.isoformat())
odd = st.sampled_from(["", "\x00", "x" * 301, 10**400, -1, 2**63, "2026-03-01", 1e300, True])
value = (
    scalar
    | times
    | odd
    | st.lists(scalar, max_size=3)
    | st.dictionaries(st.text(max_size=9), scalar)
)


@given(data=st.data())
def test_what_is_read_at_once_is_what_would_be_judged(data: Any) -> None:
    kind = data.draw(st.sampled_from(sorted(FULL)))
    item = dict(FULL[kind])
    name = data.draw(st.sampled_from([*item, "source", "else"]))
    item[name] = data.draw(value)
    if kind == "predictions" and data.draw(st.booleans()):
        item["features"] = {**FULL[kind]["features"], data.draw(st.text(max_size=5)): item[name]}
    try:
        text = json.dumps(item, allow_nan=False).encode()
    except ValueError:
        return
    found = quick.read_one(kind, text, NOW)
    if found is None:
        return
    judged = read_item(kind, json.loads(text), NOW)  # is not refused
    assert (found.id, found.key) == (judged.id, judged.key)
    kept = {n: v for n, v in judged.row.items() if v is not None}
    assert found.row == kept


@pytest.mark.parametrize("kind", sorted(FULL))
def test_plain_items_take_the_quick_way(kind: str) -> None:
    assert quick.read_one(kind, json.dumps(FULL[kind]).encode(), NOW) is not None
    body = json.dumps({"items": [FULL[kind]] * 3}).encode()
    many = quick.read_all(kind, body, NOW)
    assert many is not None and len(many) == 3
    assert len(quick.split(body) or ()) == 3


def test_order_of_names_and_spaces_are_no_other_body() -> None:
    item = FULL["predictions"]
    turned = dict(reversed(item.items())) | {
        "features": dict(reversed(FULL["predictions"]["features"].items()))
    }
    one = quick.read_one("predictions", json.dumps(item).encode(), NOW)
    other = quick.read_one("predictions", json.dumps(turned, indent=2).encode(), NOW)
    assert one is not None and other is not None and one.digest == other.digest
    more = quick.read_one("predictions", json.dumps({**item, "score": 0.6}).encode(), NOW)
    assert more is not None and more.digest != one.digest


def test_a_wrong_item_is_refused_by_the_slow_way_with_its_field() -> None:
    with pytest.raises(ApiError) as error:
        read_item("predictions", {**FULL["predictions"], "score": "high"}, NOW)
    assert error.value.field == "score"
