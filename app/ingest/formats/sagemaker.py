"""SageMaker data capture and ground truth: one record a line, one or many rows in a record."""

from __future__ import annotations

import base64
import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from app.ingest.formats.bodies import request_rows, response_rows
from app.ingest.formats.words import Reading, Reject, Row, Unreadable, parse, row_id

WRONG = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, csv.Error)


def read_sagemaker(records: Iterable[str], reading: Reading) -> Iterator[Row | Reject]:
    """Rows of captures or of labels; ``skips_time`` takes captures without their time."""
    for text in records:
        try:
            rows = _rows(text, reading.skips_time)
        except Unreadable as error:
            yield Reject(text, str(error), error.is_time)
        else:
            yield from rows


def _rows(text: str, skips_time: bool) -> list[Row]:
    try:
        record = parse(text)
        meta = record["eventMetadata"]
        event = str(meta.get("inferenceId") or meta["eventId"])
        if "groundTruthData" in record:
            labels = [next(iter(row.values())) for row in _side(record["groundTruthData"], "label")]
            return [
                {"prediction_id": row_id(event, i, len(labels)), "label": label}
                for i, label in enumerate(labels)
            ]
        asked = _side(record["captureData"]["endpointInput"], "feature")
        answered = _side(record["captureData"]["endpointOutput"], "output")
    except Unreadable:
        raise
    except WRONG as error:
        raise Unreadable("The line is no capture and no ground truth of SageMaker.") from error
    if len(asked) != len(answered):
        raise Unreadable("Input and output have different numbers of rows.")
    time = {} if skips_time else {"timestamp": _time(meta.get("inferenceTime"))}
    return [
        {"prediction_id": row_id(event, i, len(asked)), **time, **given, **answer}
        for i, (given, answer) in enumerate(zip(asked, answered, strict=True))
    ]


def _side(part: dict[str, Any], name: str) -> list[Row]:
    """The rows of one side of a record; the first value of an answer or a label is ``name`` itself."""
    encoding, data = part.get("encoding", "BASE64"), part["data"]
    if encoding == "BASE64":
        data = base64.b64decode(data, validate=True).decode("utf-8")
        encoding = "JSON" if data.lstrip().startswith(("{", "[")) else "CSV"
    if encoding == "JSON":
        body = parse(data)
        return request_rows(body) if name == "feature" else response_rows(body)
    if encoding != "CSV":
        raise Unreadable(f"Its encoding {encoding} is not read; CSV, JSON and BASE64 are.")
    rows = [[cell.strip() for cell in row] for row in csv.reader(data.splitlines()) if row]
    if not rows:
        raise Unreadable("It has no data.")
    return [{_name(name, j): cell for j, cell in enumerate(row)} for row in rows]


def _name(side: str, j: int) -> str:
    return side if j == 0 and side != "feature" else f"{side}_{j}"


def _time(text: Any) -> str:
    try:
        datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise Unreadable(f"Its inferenceTime {text!r} is no time.", is_time=True) from error
    return str(text)
