"""What KServe, SageMaker, BentoML and OpenTelemetry send, as they send it: rows, pairs and orphans."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics.query.engine import Engine
from app.ingest.drain import drain
from app.ingest.halves import SUSPECTED, bury_orphans
from app.ingest.words import Place
from app.state.database import Database
from app.state.logs import home_of, list_imports, load_dataset

SHARED = next(
    (p / "shared" for p in Path(__file__).parents if (p / "shared" / "data").is_dir()), None
)
FILES = (SHARED or Path("absent")) / "data" / "formats"
needs_files = pytest.mark.skipif(not FILES.is_dir(), reason="the format samples are not here")
ASKED = {"instances": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}
ANSWERED = {"predictions": [1, 1]}


@pytest.fixture
def secret(make_key: Any) -> str:
    text: str = make_key("predictions")["Authorization"]
    return text.split()[1]


def taken(client: Any, home: Database, *, again: bool = False) -> list[dict[str, Any]]:
    """Close the write-ahead log, drain it, and what stands in the log then."""
    if hasattr(client.app.state, "wal"):
        client.app.state.wal[0].close()
        del client.app.state.wal
    place = Place(home_of(home), home, "test", threads=1)
    drain(place)
    engine = Engine([place.home])
    rows: list[dict[str, Any]] = []
    for part in load_dataset(home, "flights").log("predictions").parts:
        names = [r[0] for r in engine.rows(f"DESCRIBE FROM '{part.path}'")]
        rows += [dict(zip(names, row, strict=True)) for row in engine.rows(f"FROM '{part.path}'")]
    return sorted(rows, key=lambda row: str(row["prediction_id"]))


def send(client: Any, secret: str, side: str, body: Any, own: str = "e1", **more: str) -> Any:
    """As KServe's logger does: binary CloudEvents, the key in the address."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": own,
        "ce-type": f"org.kubeflow.serving.inference.{side}",
        "ce-source": "http://localhost:9081/",
        "ce-time": "2026-08-21T14:26:03Z" if side == "request" else "2026-08-21T14:26:03.250Z",
        "content-type": "application/json",
    } | more
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.post(f"/api/v1/kserve?key={secret}", content=content, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_pair_of_kserve_becomes_rows_with_their_latency(
    client: Any, home: Database, secret: str
) -> None:
    assert send(client, secret, "request", ASKED)["waiting"] == 1
    assert taken(client, home) == []  # its other half comes after a restart
    send(client, secret, "response", ANSWERED)
    send(client, secret, "request", ASKED)  # known, whatever came between
    rows = taken(client, home)
    assert [(r["prediction_id"], r["latency_ms"], r["feature_0"]) for r in rows] == [
        ("e1#0", 250.0, 6.8),
        ("e1#1", 250.0, 6.0),
    ]
    assert {r["prediction"] for r in rows} == {"1"}
    send(client, secret, "response", ANSWERED)
    assert len(taken(client, home)) == 2
    assert not [row for row in list_imports(home, "flights") if row.aside]


def test_a_drain_that_dies_after_a_pair_joins_it_once(
    client: Any, home: Database, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(client, secret, "request", ASKED)
    taken(client, home)
    send(client, secret, "response", ANSWERED)

    def die(step: str) -> None:
        if step == "wal-taken":
            raise KeyboardInterrupt(step)

    with monkeypatch.context() as patch:
        patch.setattr("app.ingest.drain.reach", die)
        with pytest.raises(KeyboardInterrupt):
            taken(client, home)
    assert len(taken(client, home)) == 2
    place = Place(home_of(home), home, "test", threads=1)
    now = home.clock()
    home.clock = lambda: now + timedelta(hours=1)
    assert bury_orphans(place, 300) == 0


def test_an_orphan_becomes_a_suspected_error_after_a_while(
    client: Any, home: Database, secret: str
) -> None:
    send(client, secret, "request", ASKED)
    send(client, secret, "response", ANSWERED, own="e2")
    taken(client, home)
    place = Place(home_of(home), home, "test", threads=1)
    assert bury_orphans(place, 300) == 0
    now = home.clock()
    home.clock = lambda: now + timedelta(seconds=301)
    assert bury_orphans(place, 300) == 2
    assert bury_orphans(place, 300) == 0
    rows = taken(client, home)
    assert [(r["prediction_id"], r["status"], r["error_type"]) for r in rows] == [
        ("e1#0", "error", SUSPECTED),
        ("e1#1", "error", SUSPECTED),
    ]
    (aside,) = (row.aside for row in list_imports(home, "flights") if row.aside)
    assert aside == {"Its request is missing.": 1}
    send(client, secret, "response", ANSWERED)  # too late: it stands as it was said
    assert len(taken(client, home)) == 2


def test_what_is_no_event_is_kept_aside_and_answered(
    client: Any, home: Database, secret: str
) -> None:
    found = send(client, secret, "request", b"\xff no json")
    assert found["rejected"] == 1 and "CloudEvent" in found["reason"]
    assert send(client, secret, "request", ASKED, **{"ce-time": "soon"})["rejected"] == 1
    assert send(client, secret, "else", ASKED)["rejected"] == 1
    batch = [{"type": "x.request", "source": "s", "id": "a", "time": "2026-01-01T00:00:00Z"}]
    answer = client.post(f"/api/v1/kserve?key={secret}", json=batch)
    assert answer.status_code == 200
    taken(client, home)
    aside = [row.aside for row in list_imports(home, "flights") if row.aside]
    assert sum(sum(counted.values()) for counted in aside) >= 3


def test_the_key_may_stand_in_the_address(client: Any, secret: str) -> None:
    basic = base64.b64encode(f"logger:{secret}".encode()).decode()
    for headers in ({"Authorization": f"Basic {basic}"}, {"Authorization": f"Bearer {secret}"}):
        assert client.post("/api/v1/oip", json={}, headers=headers).status_code == 200
    assert client.post("/api/v1/oip?key=wrong", json={}).status_code == 401
    assert client.post("/api/v1/oip", json={}).status_code == 401
    plain = client.post("/api/v1/predictions", json={}, headers={"Authorization": f"Basic {basic}"})
    assert plain.status_code == 401


def test_bodies_of_the_open_inference_protocol(client: Any, home: Database, secret: str) -> None:
    asked = {
        "id": "42",
        "inputs": [{"name": "x", "shape": [2, 1], "datatype": "FP32", "data": [0.5, 1.5]}],
    }
    answered = {
        "id": "42",
        "model_name": "m",
        "outputs": [{"name": "late", "shape": [2], "datatype": "INT64", "data": [0, 1]}],
    }
    wrong = {**asked, "id": "43", "inputs": [{**asked["inputs"][0], "shape": [3, 1]}]}  # type: ignore[index, dict-item]
    url = f"/api/v1/oip?key={secret}"
    assert client.post(url, json=asked).json()["waiting"] == 1
    assert client.post(url, json=answered).json()["waiting"] == 1
    both = {"id": "44", "request": asked, "response": answered}
    assert client.post(url, json=both).json()["accepted"] == 2
    both["request"] = wrong
    assert client.post(url, json=both).json()["rejected"] == 1
    rows = taken(client, home)
    said = [(r["prediction_id"], r["prediction"], r["x"]) for r in rows]
    assert said == [("42#0", "0", 0.5), ("42#1", "1", 1.5), ("44#0", "0", 0.5), ("44#1", "1", 1.5)]


def test_logs_of_opentelemetry_as_json_and_protobuf(
    client: Any, home: Database, secret: str
) -> None:
    from google.protobuf.json_format import ParseDict
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
        ExportLogsServiceRequest,
        ExportLogsServiceResponse,
    )

    def export(own: str | None) -> dict[str, Any]:
        named = [{"key": "prediction_id", "value": {"stringValue": own}}] if own else []
        values = [
            {"key": "prediction", "value": {"intValue": "1"}},
            {"key": "distance", "value": {"doubleValue": 300.5}},
        ]
        record = {"timeUnixNano": "1772366400000000000", "attributes": [*named, *values]}
        return {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}

    url = f"/api/v1/otlp/v1/logs?key={secret}"
    assert client.post(url, json=export("a")).json() == {}
    body = ParseDict(export("b"), ExportLogsServiceRequest()).SerializeToString()
    headers = {"Content-Type": "application/x-protobuf"}
    answer = client.post(url, content=body, headers=headers)
    assert answer.status_code == 200 and answer.content == b""
    lost = client.post(url, json=export(None)).json()["partialSuccess"]
    assert lost["rejectedLogRecords"] == "1" and "prediction_id" in lost["errorMessage"]
    body = ParseDict(export(None), ExportLogsServiceRequest()).SerializeToString()
    answer = client.post(url, content=body, headers=headers)
    reply = ExportLogsServiceResponse.FromString(answer.content)
    assert reply.partial_success.rejected_log_records == 1
    assert client.post(url, content=b"\x07broken", headers=headers).status_code == 422
    rows = taken(client, home)
    assert [(r["prediction_id"], r["prediction"], r["distance"]) for r in rows] == [
        ("a", "1", 300.5),
        ("b", "1", 300.5),
    ]
    assert rows[0]["timestamp"].isoformat() == "2026-03-01T12:00:00"


@needs_files
def test_the_captures_of_sagemaker(client: Any, home: Database, secret: str) -> None:
    """44 captures whose time is the literal ``{%s}``: kept aside, each with that reason."""
    body = (FILES / "sagemaker_capture.jsonl").read_bytes()
    answer = client.post(f"/api/v1/sagemaker?key={secret}&map=score=output", content=body).json()
    assert (answer["rejected"], answer["accepted"]) == (44, 0)
    assert "no time" in answer["reason"]
    mended = body.replace(b"{%s}", b"2026-03-01T12:00:00Z")
    answer = client.post(f"/api/v1/sagemaker?key={secret}&map=score=output", content=mended).json()
    assert (answer["rejected"], answer["accepted"]) == (0, 44)
    rows = taken(client, home)
    assert len(rows) == 44 and all(0 <= row["score"] <= 1 for row in rows)


@needs_files
def test_a_log_of_bentoml_keeps_its_large_ids(client: Any, home: Database, secret: str) -> None:
    body = (FILES / "bentoml_monitoring.jsonl").read_bytes()
    answer = client.post(f"/api/v1/bentoml?key={secret}", content=body).json()
    assert answer["accepted"] > 0 and answer["rejected"] == 0
    ids = [int(row["prediction_id"].partition("#")[0]) for row in taken(client, home)]
    assert max(ids) > 2**63
