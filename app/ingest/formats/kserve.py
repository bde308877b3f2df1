"""Events of KServe's inference logger (and Seldon's, of the same shape): pairs of one id."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from app.ingest.formats.pairs import WRONG, Half, pair
from app.ingest.formats.words import Reading, Reject, Row, parse


def read_kserve(records: Iterable[str], reading: Reading) -> Iterator[Row | Reject]:
    """Rows of CloudEvents, each a JSON object with ``type``, ``source``, ``id`` and ``data``."""
    yield from pair(_halves(records), reading)


def _halves(records: Iterable[str]) -> Iterator[Half | Reject]:
    for text in records:
        try:
            yield half_of(parse(text))
        except WRONG:
            yield Reject(text, "It is no CloudEvent with type, source and id.")


def half_of(event: dict[str, Any]) -> Half:
    """An event; batches that the logger stores have other names for the same."""
    if "reqType" in event:
        event = {
            "type": event["reqType"],
            "source": event.get("sourceUri", ""),
            "id": event["id"],
            "time": event.get("occurrenceTime"),
            "data_base64": event["bytes"],
        }
    side = str(event["type"]).rpartition(".")[2]
    if side not in ("request", "response"):
        raise ValueError(side)
    data = event.get("data")
    if data is None and "data_base64" in event:
        data = parse(base64.b64decode(event["data_base64"], validate=True).decode("utf-8"))
    if isinstance(data, str):
        data = parse(data)
    return Half(side, str(event["id"]), data, event.get("time"), str(event["source"]))
