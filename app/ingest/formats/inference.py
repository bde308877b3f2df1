"""Bodies of the Open Inference Protocol, as MLServer and Seldon write them too, one a record.

A record is a request, a response, or both under these names beside whatever else was logged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.ingest.formats.bodies import is_answer, join, request_rows, response_rows
from app.ingest.formats.pairs import WRONG, Half, pair
from app.ingest.formats.words import Reading, Reject, Row, Unreadable, parse, row_id

TIMES = ("timestamp", "time", "created_at")
BOTH = ("request", "response")


def read_inference(records: Iterable[str], reading: Reading) -> Iterator[Row | Reject]:
    """Rows of bodies; those that stand in records of their own are joined by their id."""
    yield from pair(_halves(records), reading)


def _halves(records: Iterable[str]) -> Iterator[Half | Row | Reject]:
    for text in records:
        try:
            yield from read_body(parse(text))
        except Unreadable as error:
            yield Reject(text, str(error))
        except WRONG:
            yield Reject(text, "It is no body of a request or a response.")


def read_body(record: Any) -> list[Half | Row]:
    """A record as rows, or as one half of a pair."""
    if isinstance(record, list):
        return [_half(record)]
    if all(isinstance(record.get(name), dict | list) for name in BOTH):
        return list(_both(record))
    return [_half(record)]


def _both(record: Mapping[str, Any]) -> Iterator[Row]:
    """Rows of a record that holds both, with the plain values that stand beside them."""
    asked, answered = record["request"], record["response"]
    beside = {k: v for k, v in record.items() if k not in BOTH and not isinstance(v, dict | list)}
    own = next((b["id"] for b in (record, answered, asked) if _has_id(b)), None)
    rows = list(join(request_rows(asked), response_rows(answered)))
    for i, row in enumerate(rows):
        named = {"prediction_id": row_id(str(own), i, len(rows))} if own is not None else {}
        yield {**named, **{k: v for k, v in beside.items() if k not in ("id", *row)}, **row}


def _has_id(body: Any) -> bool:
    return isinstance(body, Mapping) and body.get("id") is not None


def _half(record: Any) -> Half:
    """A body, perhaps as the value of a message whose key is its id."""
    body, own = record, None
    if isinstance(record, Mapping):
        if isinstance(record.get("value"), Mapping):
            body, own = record["value"], record.get("key")
        headers = (body.get("parameters") or {}).get("headers") or {}
        named = {str(k).lower(): v for k, v in headers.items()}
        own = body.get("id") or named.get("ce-requestid") or own
        time = next((str(record[k]) for k in TIMES if record.get(k)), named.get("ce-time"))
    else:
        time = None
    side = "response" if is_answer(body) else "request"
    return Half(side, None if own is None else str(own), body, time)
