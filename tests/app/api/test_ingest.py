"""Predictions and labels by HTTP: on the disk before the answer, once in the log, never a 500."""

from __future__ import annotations

import gzip
import json
import os
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.query.engine import Engine
from app.api import ingest
from app.api.access import Rates
from app.api.columnar import read_columns
from app.api.decode import rows_of
from app.api.records import read_item
from app.ingest.aside import read_aside
from app.ingest.drain import drain
from app.ingest.words import Place
from app.state.database import Database
from app.state.logs import home_of, list_imports, load_dataset

URL = "/api/v1/predictions"
ROW = {
    "prediction_id": 2**63 + 9,
    "timestamp": "2026-03-01T12:00:00+01:00",
    "model_version": "7",
    "prediction": 1,
    "score": 0.75,
    "latency_ms": 12.5,
    "features": {"distance": 300.5, "origin": "JFK", "is_late": True},
}


@pytest.fixture
def key(make_key: Any) -> dict[str, str]:
    headers: dict[str, str] = make_key("predictions")
    return headers


def taken(client: Any, home: Database, kind: str = "predictions") -> list[dict[str, Any]]:
    """Close the write-ahead log, drain it, and what stands in the log then."""
    if hasattr(client.app.state, "wal"):
        client.app.state.wal[0].close()
        del client.app.state.wal
    place = Place(home_of(home), home, "test", threads=1)
    drain(place)
    assert not list((place.home / "wal").glob("*.log"))
    engine = Engine([place.home])
    rows: list[dict[str, Any]] = []
    for part in load_dataset(home, "flights").log(kind).parts:  # type: ignore[arg-type]
        names = [r[0] for r in engine.rows(f"DESCRIBE FROM '{part.path}'")]
        rows += [dict(zip(names, row, strict=True)) for row in engine.rows(f"FROM '{part.path}'")]
    return sorted(rows, key=lambda row: str(row["prediction_id"]))


def many(n: int, **more: Any) -> list[dict[str, Any]]:
    return [{**ROW, "prediction_id": f"p{i}", **more} for i in range(n)]


def test_one_prediction_stands_in_the_log_as_it_was_sent(
    client: Any, home: Database, key: Any
) -> None:
    answer = client.post(URL, json=ROW, headers=key)
    assert (answer.status_code, answer.json()["status"]) == (201, "accepted")
    (row,) = taken(client, home)
    assert row["prediction_id"] == str(2**63 + 9) and row["prediction"] == "1"
    assert (row["score"], row["latency_ms"], row["model_version"]) == (0.75, 12.5, "7")
    assert row["timestamp"].isoformat() == "2026-03-01T11:00:00"
    assert (row["distance"], row["origin"]) == (300.5, "JFK")


def test_each_item_of_a_batch_is_told_apart(client: Any, home: Database, key: Any) -> None:
    one, other = many(2)
    items = [one, one, {**one, "score": 0.1}, {**other, "score": "high"}, 5, other]
    results = client.post(f"{URL}/batch", json={"items": items}, headers=key).json()["results"]
    said = [r["status"] for r in results]
    assert said == ["accepted", "duplicate", "rejected", "rejected", "rejected", "accepted"]
    assert results[3]["field"] == "score" and results[2]["field"] == "prediction_id"
    assert [r["prediction_id"] for r in taken(client, home)] == ["p0", "p1"]
    (aside,) = (row for row in list_imports(home, "flights") if row.aside)
    assert sum(aside.aside.values()) == 3
    raw = read_aside(Place(home_of(home), home), aside.id)
    assert json.loads(raw[0].raw)["score"] == 0.1


def test_what_was_sent_twice_stands_once_after_a_restart_too(
    client: Any, home: Database, key: Any
) -> None:
    for _ in range(2):  # the second time the process knows no ids any more
        answer = client.post(f"{URL}/batch", json=many(3), headers=key)
        assert {r["status"] for r in answer.json()["results"]} == {"accepted"}
        assert len(taken(client, home)) == 3
    client.post(URL, json={**many(1)[0], "score": 0.2}, headers=key)
    assert [row["score"] for row in taken(client, home)] == [0.75] * 3
    assert any("taken by another row" in str(row.aside) for row in list_imports(home, "flights"))


def test_a_row_without_a_time_stands_once_after_a_restart_too(
    client: Any, home: Database, key: Any
) -> None:
    row = {"prediction_id": "p1", "score": 0.5}
    for _ in range(3):  # from the second time on the process knows no ids any more
        client.post(URL, json=row, headers=key)
        assert len(taken(client, home)) == 1
    assert not any(found.aside for found in list_imports(home, "flights"))
    client.post(URL, json={**row, "timestamp": "2026-03-01T12:00:00Z"}, headers=key)
    taken(client, home)
    client.post(URL, json={**row, "score": 0.6}, headers=key)
    taken(client, home)
    assert sum(sum(found.aside.values()) for found in list_imports(home, "flights")) == 2


def test_lines_arrow_gzip_and_zstd_say_the_same(client: Any, home: Database, key: Any) -> None:
    rows = many(4)
    lines = "\n".join(json.dumps(row) for row in rows[:2]).encode()
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pylist(rows[2:])
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    arrow = pa.Codec("zstd").compress(sink.getvalue(), asbytes=True)
    for body, kind, encoding in (
        (gzip.compress(lines + b"\n{broken"), "application/x-ndjson", "gzip"),
        (arrow, "application/vnd.apache.arrow.stream", "zstd"),
    ):
        headers = {**key, "Content-Type": kind, "Content-Encoding": encoding}
        answer = client.post(f"{URL}/batch", content=body, headers=headers)
        said = [r["status"] for r in answer.json()["results"]]
        assert said[:2] == ["accepted"] * 2 and said[2:] in ([], ["rejected"])
    found = taken(client, home)
    assert [row["prediction_id"] for row in found] == ["p0", "p1", "p2", "p3"]
    assert {(row["distance"], row["origin"], row["score"]) for row in found} == {
        (300.5, "JFK", 0.75)
    }


def arrow_of(rows: list[dict[str, Any]]) -> bytes:
    table = pa.Table.from_pylist(rows)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def test_columns_of_arrow_are_told_apart_like_rows(client: Any, home: Database, key: Any) -> None:
    headers = {**key, "Content-Type": "application/vnd.apache.arrow.stream"}

    def send(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answer = client.post(f"{URL}/batch", content=arrow_of(rows), headers=headers)
        found: list[dict[str, Any]] = answer.json()["results"]
        return found

    plain = [{**row, "prediction_id": f"p{i}"} for i, row in enumerate(many(4))]
    assert [r["status"] for r in send(plain[:3])] == ["accepted"] * 3
    assert [r["status"] for r in send(plain)] == ["duplicate"] * 3 + ["accepted"]
    mixed = [
        {**plain[0], "score": 0.1},
        {**plain[1], "prediction_id": ""},
        {**ROW, "prediction_id": "q"},
    ]
    results = send(mixed)
    assert [r["status"] for r in results[1:]] == ["rejected", "accepted"]
    assert results[1]["field"] == "prediction_id"
    found = taken(client, home)
    assert [row["prediction_id"] for row in found] == ["p0", "p1", "p2", "p3", "q"]
    assert {row["score"] for row in found} == {0.75}
    names = [c.name for c in load_dataset(home, "flights").schema.columns if c.role == "feature"]
    assert sorted(names) == ["distance", "is_late", "origin"]


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(["score", "latency_ms", "prediction_id", "timestamp", "distance"]),
    value=st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
)
def test_columns_hold_only_what_rows_may_hold(name: str, value: Any) -> None:
    now = datetime(2026, 3, 2, 12)
    row = {"prediction_id": "p", "timestamp": ROW["timestamp"], "features.distance": 1.0}
    row["features.distance" if name == "distance" else name] = value
    try:
        table = pa.Table.from_pylist([row])
    except (pa.ArrowInvalid, OverflowError):
        return
    if read_columns(table, now) is not None:
        read_item("predictions", rows_of(table)[0], now)


def test_a_body_that_unpacks_too_large_is_refused(client: Any, key: Any) -> None:
    headers = {**key, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    body = gzip.compress(b" " * (80 << 20))
    assert client.post(f"{URL}/batch", content=body, headers=headers).status_code == 413
    assert client.post(f"{URL}/batch", content=body[:900], headers=headers).status_code == 422


def test_labels_join_whenever_they_come(client: Any, home: Database, make_key: Any) -> None:
    label = {"prediction_id": "p1", "label": 1, "known_at": "2026-03-02T00:00:00Z"}
    headers = make_key("labels")
    for status in (201, 200):
        assert client.post("/api/v1/labels", json=label, headers=headers).status_code == status
    (row,) = taken(client, home, "labels")
    assert (row["prediction_id"], row["label"], row["source"]) == ("p1", "1", "outcome")


def test_a_label_without_a_time_stands_once_after_a_restart_too(
    client: Any, home: Database, make_key: Any
) -> None:
    headers = make_key("labels")
    label = {"prediction_id": "p1", "label": 1}
    for _ in range(2):  # the second time the process knows no ids any more
        assert client.post("/api/v1/labels", json=label, headers=headers).status_code == 201
        assert len(taken(client, home, "labels")) == 1
    timed = [{**label, "known_at": f"2026-03-0{day}T00:00:00Z"} for day in (2, 3, 3)]
    other = [{**label, "label": 0}, {**label, "source": "person"}]
    answer = client.post("/api/v1/labels/batch", json=[*timed, *other], headers=headers)
    said = [r["status"] for r in answer.json()["results"]]
    assert said == ["accepted", "accepted", "duplicate", "accepted", "accepted"]
    assert len(taken(client, home, "labels")) == 5


def test_a_full_queue_and_a_low_disk_say_when_to_come_back(client: Any, key: Any) -> None:
    state, old = client.app.state, client.app.state.settings
    state.settings = type(old)({**old.values, "disk_floor_mb": 1 << 40})
    answer = client.post(URL, json=ROW, headers=key)
    assert answer.status_code == 503 and answer.headers["retry-after"] == "2"
    del state.wal
    state.settings = type(old)({**old.values, "disk_floor_mb": 0, "wal_limit_mb": -1})
    assert client.post(URL, json=ROW, headers=key).status_code == 429


def test_a_full_log_answers_429_and_keeps_what_it_answered(
    client: Any, home: Database, key: Any
) -> None:
    state, old = client.app.state, client.app.state.settings
    state.settings = type(old)({**old.values, "wal_limit_mb": 1})
    state.rates = Rates(100_000)  # the log is to be full before the key is too fast
    answered: list[str] = []
    for n in range(5_000):
        items = [{**ROW, "prediction_id": f"{n}-{i}"} for i in range(100)]
        answer = client.post(f"{URL}/batch", json={"items": items}, headers=key)
        if answer.status_code != 200:
            break
        answered += [result["id"] for result in answer.json()["results"]]
    assert answer.status_code == 429 and answer.headers["retry-after"] == "2"
    again = client.post(f"{URL}/batch", json={"items": items}, headers=key)
    assert again.status_code == 429
    found = [row["prediction_id"] for row in taken(client, home)]
    assert found == sorted(answered) and len(found) > 100
    answer = client.post(f"{URL}/batch", json={"items": items}, headers=key)  # it is taken: room
    assert {result["status"] for result in answer.json()["results"]} == {"accepted"}


def test_the_latest_ids_are_known_and_their_memory_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ingest, "MOST_SEEN", 100)
    seen = ingest.Seen()
    for i in range(1_000):
        seen.add({("m", "predictions", str(i)): b"f%016d" % i})
        assert len(seen._new) + len(seen._old) <= 100
    for i in range(950, 1_000):  # half of them at least
        key = ("m", "predictions", str(i))
        assert seen.how(key, b"f%016d" % i) == "same"
        assert seen.how(key, b"f%016d" % (i + 1)) == "other"
        assert seen.how(key, b"a%08d" % i) == "another form"
    assert seen.how(("m", "predictions", "0"), b"f%016d" % 0) == "never"
    assert seen.how(("n", "predictions", "999"), b"f%016d" % 999) == "never"


_scalar = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_value = st.recursive(
    _scalar, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3)
)


_changes = st.lists(
    st.tuples(st.sampled_from([*ROW, "scores", "else"]), _value), min_size=1, max_size=20
)


@settings(
    max_examples=int(os.environ.get("TELLTALE_MUTATIONS", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=_changes)
def test_no_mutated_event_stops_the_next(
    client: Any, key: Any, changes: list[tuple[str, Any]]
) -> None:
    items = [{**ROW, name: value} for name, value in changes]
    body = json.dumps({"items": [*items, ROW]})
    headers = {**key, "Content-Type": "application/json"}
    client.app.state.rates._buckets.clear()
    answer = client.post(f"{URL}/batch", content=body.encode(), headers=headers)
    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        said = [r["status"] for r in answer.json()["results"]]
        assert len(said) == len(items) + 1
        assert set(said) <= {"accepted", "duplicate", "rejected"}
    good = client.post(URL, json={**ROW, "prediction_id": "good"}, headers=key)
    assert good.status_code in (200, 201)
