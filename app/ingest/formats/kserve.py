"""Events of KServe's inference logger: request and response of one id become rows with a latency."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.ingest.formats.sagemaker import Reject

HEAD = re.compile(r"^\s*(type|source|id|time): (.*)$")


def read_kserve(lines: Sequence[str]) -> tuple[list[dict[str, Any]], list[Reject]]:
    """Rows of CloudEvents, as JSON lines or as ``event_display`` prints them."""
    rejects: list[Reject] = []
    pairs: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for text in _events(lines):
        try:
            event = json.loads(text)
            side = str(event["type"]).rpartition(".")[2]
            pairs.setdefault((str(event["source"]), str(event["id"])), {}).setdefault(side, event)
        except (ValueError, KeyError, TypeError, RecursionError):
            rejects.append(Reject(text, "It is no CloudEvent with type, source and id."))
    rows: list[dict[str, Any]] = []
    for pair in pairs.values():
        try:
            rows.extend(_rows(pair))
        except (ValueError, KeyError, TypeError, AttributeError):
            missing = {"request", "response"} - set(pair)
            why = f"Its {missing.pop()} is missing." if missing else "Its bodies do not match."
            rejects.append(Reject(json.dumps(list(pair.values())), why))
    return rows, rejects


def _rows(pair: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    asked, answered = pair["request"], pair["response"]
    began, ended = (datetime.fromisoformat(event["time"]) for event in (asked, answered))
    latency = (ended - began).total_seconds() * 1000
    given, answers = asked["data"]["instances"], answered["data"]["predictions"]
    rows = []
    for i, (one, answer) in enumerate(zip(given, answers, strict=True)):
        named = one if isinstance(one, dict) else {f"feature_{j}": v for j, v in enumerate(one)}
        own = asked["id"] if len(given) == 1 else f"{asked['id']}#{i}"
        beside = {"timestamp": asked["time"], "prediction": answer, "latency_ms": latency}
        rows.append({**named, "prediction_id": own, **beside})
    return rows


def _events(lines: Sequence[str]) -> list[str]:
    """Each event as JSON text."""
    if not any(line.strip().endswith("cloudevents.Event") for line in lines):
        return [line for line in lines if line.strip()]
    events = []
    for block in "\n".join(lines).split("cloudevents.Event")[1:]:
        head, _, body = block.partition("\nData,")
        event: dict[str, Any] = {m[1]: m[2] for m in map(HEAD.match, head.splitlines()) if m}
        try:
            event["data"] = json.JSONDecoder().raw_decode(body.lstrip())[0]
        except ValueError:
            event["data"] = None
        events.append(json.dumps(event))
    return events
